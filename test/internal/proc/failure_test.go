package proc_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/failing"
	"coatcheck.dev/test/internal/proc"
)

func TestFailuresAreTold(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(testing.TB)
		want []string
	}{
		{"no such program", func(tb testing.TB) {
			proc.Start(tb, proc.Spec{Path: "/no/such/program"})
		}, []string{"/no/such/program", "no such file"}},
		{"ended before the line came", func(tb testing.TB) {
			proc.Start(tb, spec(t, "fail", "")).Await(serving)
		}, []string{"ended without printing", "no such store", "exit status 3"}},
		{"ended before it listened", func(tb testing.TB) {
			proc.Start(tb, spec(t, "fail", "")).AwaitListening(proc.FreeAddrs(t, 1)[0])
		}, []string{"ended without listening", "no such store"}},
		{"line never comes", func(tb testing.TB) {
			impatient(tb, t).Await(regexp.MustCompile("never said"))
		}, []string{`did not print "never said" within 50ms`}},
		{"never listens", func(tb testing.TB) {
			impatient(tb, t).AwaitListening(proc.FreeAddrs(t, 1)[0])
		}, []string{"does not listen on 127.0.0.1", "after 50ms"}},
		{"does not end", func(tb testing.TB) {
			impatient(tb, t).Wait()
		}, []string{"did not end within 50ms"}},
		{"does not compile", func(tb testing.TB) {
			proc.Build(tb, "coatcheck.dev/test/internal/proc/testdata/none")
		}, []string{"coatcheck.dev/test/internal/proc/testdata/none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := failing.Run(t, c.do)
			if !v.Failed {
				t.Error("the test passed")
			}
			for _, want := range c.want {
				if !strings.Contains(v.Said, want) {
					t.Errorf("the failed test said %q, want %q in it", v.Said, want)
				}
			}
		})
	}
}

// impatient starts a server that is healthy and waits for it with hardly any time.
func impatient(tb testing.TB, t *testing.T) *proc.Process {
	s := spec(t, "serve", "127.0.0.1:0")
	s.Timeout = 50 * time.Millisecond
	return proc.Start(tb, s)
}
