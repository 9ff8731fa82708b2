package session_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A namedWrapper holds a store in a field that is not exported.
type namedWrapper struct {
	store.Store
	inner store.Store
}

// A wrapper that embeds the interface loses what the store inside can do beyond it. New says so, with the price.
func TestNewReportsWhatAWrapperHides(t *testing.T) {
	m := memory.New()
	plain := struct{ store.Store }{m}
	for _, c := range []struct {
		name string
		st   store.Store
		want []string // nil for no report
	}{
		{"no wrapper", m, nil},
		{"embeds all of it", struct{ *memory.Store }{m}, nil},
		{"embeds the interface", plain, []string{"store.Feed of *memory.Store", "store.Peeker of *memory.Store",
			"5 seconds"}},
		{"a pointer", &plain, []string{"store.Feed of *memory.Store", "store.Peeker"}},
		{"keeps the feed", struct {
			store.Store
			store.Feed
		}{m, m}, []string{"store.Peeker of *memory.Store"}},
		{"keeps both", struct {
			store.Store
			store.Feed
			store.Peeker
		}{m, m, m}, nil},
		{"two deep", struct{ store.Store }{&plain}, []string{"store.Feed of *memory.Store", "store.Peeker"}},
		{"in a field of its own", &namedWrapper{struct{ store.Store }{}, m}, []string{"store.Feed of *memory.Store"}},
		{"nothing inside", struct{ store.Store }{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			reports := make(chan event.Event, 10)
			m := session.New(c.st, session.Options{Events: event.NewQueue(func(e event.Event) { reports <- e })})
			if err := m.Close(t.Context()); err != nil { // events are told by then
				t.Fatal(err)
			}
			close(reports)
			var got string
			for e := range reports {
				if e.Kind != event.CapabilityHidden {
					t.Errorf("event %s", e.Kind)
				}
				got += e.Err.Error()
			}
			checkReport(t, c.want, got)
		})
	}
}

// Without an observer the report goes to the program's log: the loss would be silent otherwise.
func TestNewLogsWhatAWrapperHides(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	session.New(memory.New(), session.Options{})
	checkReport(t, nil, out.String())
	session.New(struct{ store.Store }{memory.New()}, session.Options{})
	checkReport(t, []string{"level=WARN", "session_store_capability_hidden", "store.Feed of *memory.Store"},
		out.String())
}

func checkReport(t *testing.T, want []string, got string) {
	t.Helper()
	if want == nil && got != "" {
		t.Errorf("reported %q", got)
	}
	for _, part := range want {
		if !strings.Contains(got, part) {
			t.Errorf("reported %q, want %q in it", got, part)
		}
	}
}
