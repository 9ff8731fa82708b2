package event_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
)

// warnings returns a logger that keeps warnings, and what counts and empties the lines that it has kept.
func warnings() (*slog.Logger, func() (lines int, last string)) {
	var mu sync.Mutex // lines also come from timers
	var out bytes.Buffer
	write := writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(b)
	})
	log := slog.New(slog.NewTextHandler(write, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return log, func() (int, string) {
		mu.Lock()
		defer mu.Unlock()
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		out.Reset()
		if lines[0] == "" {
			return 0, ""
		}
		return len(lines), lines[len(lines)-1]
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestFloodOfStrangersIsOneLineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := warnings()
		observe := event.LogEvents(log)
		malformed := event.Event{Kind: event.Forged, Reason: "malformed", Address: "203.0.113.7"}
		for range 1000 {
			observe(malformed)
		}
		if n, last := written(); n != 1 || !strings.Contains(last, "address=203.0.113.7") {
			t.Errorf("%d lines at once, the last %q", n, last)
		}
		observe(event.Event{Kind: event.Forged, Reason: "wrong secret"})
		observe(event.Event{Kind: event.Theft})
		observe(event.Event{Kind: event.Theft})
		if n, last := written(); n != 3 {
			t.Errorf("%d lines of other causes, the last %q", n, last)
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		n, last := written()
		if n != 1 || !strings.Contains(last, "count=999") || !strings.Contains(last, "malformed") {
			t.Errorf("%d lines after a minute, the last %q", n, last)
		}
		observe(malformed)
		if n, _ := written(); n != 0 {
			t.Errorf("%d lines in the second minute", n)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n, last := written(); n != 1 || !strings.Contains(last, "count=1 ") {
			t.Errorf("%d lines after the second minute, the last %q", n, last)
		}
		observe(malformed)
		if n, last := written(); n != 1 || !strings.Contains(last, "address=") {
			t.Errorf("%d lines once it was quiet, the last %q", n, last)
		}
		time.Sleep(2 * time.Minute)
	})
}
