package history

import (
	"context"
	"strconv"
	"time"

	"coatcheck.dev/event"
)

// Counted is how many sessions there were at a moment: Detail is the number. Entries of this kind are found only by
// those who ask for it.
const Counted Kind = "sessions_counted"

// NoteCount keeps how many sessions there are now. A node does so about once an hour.
func (h *History) NoteCount(sessions int) {
	h.Note(Entry{Kind: Counted, Detail: strconv.Itoa(sessions)})
}

// An Hour is what happened in one.
type Hour struct {
	At      time.Time // when it began
	SignIns int
	Ends    int // by sign-out and from the server side; a not-before counts as one
	Live    int // the most sessions that were counted; -1 if nobody has counted
}

// maxHours bounds what is asked for at once.
const maxHours = 31 * 24

// Hours returns the last n hours up to that of the time now, oldest first, 31 days at most. A nil History returns none.
func (h *History) Hours(ctx context.Context, now time.Time, n int) ([]Hour, error) {
	if h == nil {
		return nil, nil
	}
	h.settle(ctx)
	n = min(max(n, 1), maxHours)
	begin := now.UTC().Truncate(time.Hour).Add(time.Duration(1-n) * time.Hour)
	hours := make([]Hour, n)
	for i := range hours {
		hours[i] = Hour{At: begin.Add(time.Duration(i) * time.Hour), Live: -1}
	}
	end := begin.Add(time.Duration(n) * time.Hour)
	counts, err := h.place.hourly(ctx, begin, end)
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		hour := &hours[c.at.Sub(begin)/time.Hour]
		if c.kind == Kind(event.SignedIn) {
			hour.SignIns += c.n
		} else {
			hour.Ends += c.n
		}
	}
	counted, err := h.place.selectEntries(ctx, "WHERE kind = ? AND happened >= ? AND happened < ? LIMIT 100000",
		[]byte(Counted), begin.UnixMicro(), end.UnixMicro())
	for _, e := range counted {
		hour := &hours[e.At.Sub(begin)/time.Hour]
		if live, err := strconv.Atoi(e.Detail); err == nil {
			hour.Live = max(hour.Live, live)
		}
	}
	return hours, err
}

// hourly is how often something of a kind happened in an hour.
type hourly struct {
	at   time.Time
	kind Kind
	n    int
}

// hourly counts sign-ins and ends by hours, from begin to before end.
func (p *place) hourly(ctx context.Context, begin, end time.Time) (counts []hourly, err error) {
	rows, err := p.db.Load().QueryContext(ctx, p.dialect.rebind(
		"SELECT happened - happened % 3600000000 AS hour, kind, count(*) FROM coatcheck_history "+
			"WHERE happened >= ? AND happened < ? AND kind IN (?, ?, ?, ?) GROUP BY hour, kind"),
		begin.UnixMicro(), end.UnixMicro(), []byte(event.SignedIn), []byte(event.SignedOut), []byte(event.Revoked),
		[]byte(NotBefore))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var micros int64
		var kind []byte
		var c hourly
		if err := rows.Scan(&micros, &kind, &c.n); err != nil {
			return nil, err
		}
		c.at, c.kind = time.UnixMicro(micros).UTC(), Kind(kind)
		counts = append(counts, c)
	}
	return counts, rows.Err()
}
