package index

import (
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/span"
)

// A Span of time begins at After and is over at Before; either may be missing.
type Span struct{ After, Before span.Edge }

// IsZero reports whether the span has neither end.
func (s Span) IsZero() bool { return s == Span{} }

// within is a span in microseconds, from after on and before before.
type within struct{ after, before int64 }

const (
	always = int64(-1) << 62
	never  = int64(1) << 62
)

// ago is the span if it is now and relative moments are before now.
func (s Span) ago(now time.Time) within {
	return s.on(func(e span.Edge) time.Time { return e.Ago(now) })
}

// ahead is the span if it is now and relative moments are after now.
func (s Span) ahead(now time.Time) within {
	return s.on(func(e span.Edge) time.Time { return e.Ahead(now) })
}

func (s Span) on(when func(span.Edge) time.Time) within {
	w := within{always, never}
	if !s.After.IsZero() {
		w.after = when(s.After).UnixMicro()
	}
	if !s.Before.IsZero() {
		w.before = when(s.Before).UnixMicro()
	}
	return w
}

func (w within) has(t time.Time) bool { us := t.UnixMicro(); return us >= w.after && us < w.before }

func (w within) open() bool { return w == within{always, never} }
