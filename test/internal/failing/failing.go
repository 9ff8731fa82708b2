// Package failing tests test helpers: what they do when a test has to fail. A helper that cannot fail a test would
// hide what it is there to find.
package failing

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A Verdict is how a test ended and what it said.
type Verdict struct {
	Failed, Skipped bool
	Said            string
}

// Run runs do as a test of its own that may fail without failing t, its cleanups included. The stand-in has the
// methods of testing.TB that helpers use to speak, to end, and to clean up; any other one panics.
func Run(t testing.TB, do func(testing.TB)) Verdict {
	s := &standIn{real: t}
	done := make(chan struct{})
	go func() { // FailNow and SkipNow end the goroutine
		defer close(done)
		defer s.cleanUp()
		do(s)
	}()
	<-done
	return Verdict{Failed: s.failed, Skipped: s.skipped, Said: s.said.String()}
}

// standIn belongs to the goroutine of Run. The embedded interface is nil: what is not below cannot be called.
type standIn struct {
	testing.TB
	real            testing.TB
	said            strings.Builder
	failed, skipped bool
	cleanups        []func()
}

func (s *standIn) cleanUp() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
	}
}

func (s *standIn) Helper()           {}
func (s *standIn) Failed() bool      { return s.failed }
func (s *standIn) Skipped() bool     { return s.skipped }
func (s *standIn) Name() string      { return s.real.Name() }
func (s *standIn) TempDir() string   { return s.real.TempDir() }
func (s *standIn) Cleanup(do func()) { s.cleanups = append(s.cleanups, do) }

func (s *standIn) Fail()    { s.failed = true }
func (s *standIn) FailNow() { s.Fail(); runtime.Goexit() }
func (s *standIn) SkipNow() { s.skipped = true; runtime.Goexit() }

func (s *standIn) Log(args ...any)                 { fmt.Fprintln(&s.said, args...) }
func (s *standIn) Logf(format string, args ...any) { fmt.Fprintf(&s.said, format+"\n", args...) }

func (s *standIn) Error(args ...any)                 { s.Log(args...); s.Fail() }
func (s *standIn) Errorf(format string, args ...any) { s.Logf(format, args...); s.Fail() }
func (s *standIn) Fatal(args ...any)                 { s.Log(args...); s.FailNow() }
func (s *standIn) Fatalf(format string, args ...any) { s.Logf(format, args...); s.FailNow() }
func (s *standIn) Skip(args ...any)                  { s.Log(args...); s.SkipNow() }
func (s *standIn) Skipf(format string, args ...any)  { s.Logf(format, args...); s.SkipNow() }
