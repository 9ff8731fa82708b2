package span_test

import (
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/span"
)

var now = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)

func TestEdges(t *testing.T) {
	for text, want := range map[string]struct{ ago, ahead string }{
		"2d":                        {"2026-03-29T12:00:00Z", "2026-04-02T12:00:00Z"},
		"-2d":                       {"2026-03-29T12:00:00Z", "2026-03-29T12:00:00Z"},
		" 1d12h ":                   {"2026-03-30T00:00:00Z", "2026-04-02T00:00:00Z"},
		"1w":                        {"2026-03-24T12:00:00Z", "2026-04-07T12:00:00Z"},
		"1h30m15s":                  {"2026-03-31T10:29:45Z", "2026-03-31T13:30:15Z"},
		"0s":                        {"2026-03-31T12:00:00Z", "2026-03-31T12:00:00Z"},
		"2026-01-02":                {"2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"},
		"2026-01-02T03:04":          {"2026-01-02T03:04:00Z", "2026-01-02T03:04:00Z"},
		"2026-01-02 03:04:05":       {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
		"2026-01-02T03:04:05+02:00": {"2026-01-02T01:04:05Z", "2026-01-02T01:04:05Z"},
		"2026-01-02T03:04:05 02:00": {"2026-01-02T01:04:05Z", "2026-01-02T01:04:05Z"}, // of a URL
	} {
		e, ok := span.Parse(text)
		if !ok || e.IsZero() {
			t.Errorf("%q is not read", text)
			continue
		}
		if got := e.Ago(now).Format(time.RFC3339); got != want.ago {
			t.Errorf("%q ago is %s, want %s", text, got, want.ago)
		}
		if got := e.Ahead(now).Format(time.RFC3339); got != want.ahead {
			t.Errorf("%q ahead is %s, want %s", text, got, want.ahead)
		}
		if again, ok := span.Parse(e.String()); !ok || again != e {
			t.Errorf("%q is written as %q", text, e)
		}
	}
	for _, text := range []string{
		"", " ", "-", "2", "d", "-d", "2 d", "--2d", "+2d", "2D", "2d2d", "1h2d", "1.5h", "10001d", "9999d9999h", "5é",
		"99999999999999999999d", "yesterday", "2026-13-01", "2026-02-30", "0000-01-01", "2026-03-31T25:00",
		"-2026-01-02", "2026-01-02T03:04:05+02:00 and much more of it",
	} {
		if e, ok := span.Parse(text); ok {
			t.Errorf("%q is read as %v", text, e.Ago(now))
		}
	}
	if e := span.At(time.Time{}); !e.IsZero() {
		t.Errorf("the zero time is the edge %q", e)
	}
	if e := span.At(now); !e.Ago(now.Add(time.Hour)).Equal(now) || !e.Ahead(now.Add(time.Hour)).Equal(now) {
		t.Errorf("a fixed time moves: %v", e)
	}
}

// Whatever is read moves as far into the past as into the future, and is written so that it is read the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"2h", "-3d", "1w2d3h4m5s", "2026-01-02", "2026-01-02T03:04:05.678Z", "9999d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := span.Parse(text)
		if !ok {
			return
		}
		if again, ok := span.Parse(e.String()); !ok || again != e {
			t.Errorf("%q is written as %q", text, e)
		}
		ago, ahead := e.Ago(now), e.Ahead(now)
		if !ago.Equal(ahead) && now.Sub(ago) != ahead.Sub(now) {
			t.Errorf("%q is %v ago and %v ahead", text, now.Sub(ago), ahead.Sub(now))
		}
	})
}
