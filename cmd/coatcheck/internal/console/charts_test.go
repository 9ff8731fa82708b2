package console_test

import (
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/event"
)

// The charts have what the history knows of the last two days, and the table says the same.
func TestCharts(t *testing.T) {
	d, h := newPastDesk(t)
	now := time.Now()
	for range 3 {
		h.Observe(event.Event{Kind: event.SignedIn, At: now.Add(-5 * time.Hour), User: "ada"})
	}
	h.Observe(event.Event{Kind: event.SignedIn, At: now.Add(-60 * time.Hour), User: "ada"})
	h.Observe(event.Event{Kind: event.SignedOut, At: now.Add(-5 * time.Hour), User: "ada"})
	h.Observe(event.Event{Kind: event.Revoked, At: now.Add(-5 * time.Hour), User: "eve"})
	h.Note(history.Entry{At: now.Add(-5 * time.Hour), Kind: history.Counted, Detail: "1200"})
	h.Note(history.Entry{At: now.Add(-5 * time.Hour), Kind: history.Counted, Detail: "999"})
	known(t, h, history.Counted, 2)
	hour := now.Add(-5 * time.Hour).UTC().Truncate(time.Hour).Format("2 Jan, 15:04")
	b := d.operator()
	b.get("/charts").want(t, 200, `aria-current="page">Charts`,
		"3 at most, in the hour of "+hour, "2 at most, in the hour of "+hour, "1,200 at most, in the hour of "+hour,
		`<title>`+hour+`: 3</title>`, `<th scope="row">`+hour+`</th><td>3</td><td>2</td><td>1,200</td>`)
	page := b.get("/history")
	page.want(t, 200, "<b>signed in</b>")
	if strings.Contains(page.body, "<b>sessions counted</b>") {
		t.Error("the history lists what happened to nobody")
	}
	b.get("/history?kind=sessions_counted").want(t, 200, "1200 sessions")
}

// Without a history there is nothing to draw, and the page says why.
func TestChartsWithoutHistory(t *testing.T) {
	newDesk(t).operator().get("/charts").want(t, 200, "No history is kept.")
}
