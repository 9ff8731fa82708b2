package failing_test

import (
	"testing"

	"coatcheck.dev/test/internal/failing"
)

func TestRun(t *testing.T) {
	type verdict = failing.Verdict
	for _, c := range []struct {
		name string
		do   func(testing.TB)
		want verdict
	}{
		{"passes", func(tb testing.TB) { tb.Log("fine", 1) }, verdict{Said: "fine 1\n"}},
		{"goes on after an error", func(tb testing.TB) { tb.Errorf("bad %d", 1); tb.Error("worse") },
			verdict{Failed: true, Said: "bad 1\nworse\n"}},
		{"ends when fatal", func(tb testing.TB) { tb.Fatal("over"); tb.Log("never") },
			verdict{Failed: true, Said: "over\n"}},
		{"ends when skipped", func(tb testing.TB) { tb.Skipf("no %s", "tool"); tb.Log("never") },
			verdict{Skipped: true, Said: "no tool\n"}},
		{"cleans up in reverse, after the end", func(tb testing.TB) {
			tb.Cleanup(func() { tb.Log("first, failed:", tb.Failed()) })
			tb.Cleanup(func() { tb.Log("second") })
			tb.Fatalf("over")
		}, verdict{Failed: true, Said: "over\nsecond\nfirst, failed: true\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := failing.Run(t, c.do); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
