package history

import (
	"context"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/network"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

const (
	pageDefault = 50
	maxPage     = 1000
)

func (q *Query) pageLimit() int {
	if q.Limit <= 0 {
		return pageDefault
	}
	return min(q.Limit, maxPage)
}

// where returns the condition of a query if it is now.
func (q *Query) where(now time.Time) (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, with ...any) {
		conditions, args = append(conditions, condition), append(args, with...)
	}
	if !q.Handle.IsZero() {
		add("(handle = ? OR was = ?)", bytesOf(q.Handle), bytesOf(q.Handle))
	}
	if q.User != "" {
		add("who = ?", []byte(q.User))
	}
	if q.Actor != "" {
		add("actor = ?", []byte(q.Actor))
	}
	if q.Kind != "" {
		add("kind = ?", []byte(q.Kind))
	} else if q.Handle.IsZero() && q.User == "" && q.Actor == "" {
		add("kind <> ?", []byte(Counted)) // which concerns nobody
	}
	if q.Address.IsValid() {
		condition, with := network.Condition("ip", q.Address)
		add(condition, with...)
	}
	if !q.From.IsZero() {
		add("happened >= ?", q.From.Ago(now).UnixMicro())
	}
	if !q.To.IsZero() {
		add("happened < ?", q.To.Ago(now).UnixMicro())
	}
	if q.After != (Cursor{}) {
		at := q.After.At.UnixMicro()
		add("happened <= ? AND (happened < ? OR seq < ?)", at, at, q.After.seq)
	}
	if len(conditions) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(conditions, " AND "), args
}

// Find returns one page of entries, newest first, and the place where the next page begins; it is zero after the last.
func (h *History) Find(ctx context.Context, q Query) ([]Entry, Cursor, error) {
	if h == nil {
		return nil, Cursor{}, nil
	}
	h.settle(ctx)
	where, args := q.where(time.Now())
	limit := q.pageLimit()
	where += " ORDER BY happened DESC, seq DESC LIMIT ?"
	found, err := h.place.selectEntries(ctx, where, append(args, limit+1)...)
	if err != nil || len(found) <= limit {
		return found, Cursor{}, err
	}
	found = found[:limit]
	return found, found[limit-1].Cursor(), nil
}

// Each calls f for all entries that a query selects as of now, newest first, a page at a time: others may write
// meanwhile. The first error of f is that of Each.
func (h *History) Each(ctx context.Context, q Query, f func(Entry) error) error {
	now := time.Now()
	q.Limit = maxPage
	if !q.From.IsZero() {
		q.From = span.At(q.From.Ago(now))
	}
	if !q.To.IsZero() {
		q.To = span.At(q.To.Ago(now))
	}
	for {
		page, next, err := h.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := f(e); err != nil {
				return err
			}
		}
		if next == (Cursor{}) {
			return nil
		}
		q.After = next
	}
}

// maxSelves bounds how many handles of one session are followed: each sign-in and step-up gives it another.
const maxSelves = 50

// Line returns what is known of a session, oldest first: also of what it was before its handle, and what has ended it
// together with others. At most 1,000 entries of each handle are read.
func (h *History) Line(ctx context.Context, handle store.ID) ([]Entry, error) {
	if h == nil {
		return nil, nil
	}
	var line []Entry
	seen := map[store.ID]bool{}
	next := handle
	for range maxSelves {
		if next.IsZero() || seen[next] {
			break
		}
		seen[next] = true
		page, _, err := h.Find(ctx, Query{Handle: next, Limit: maxPage})
		if err != nil {
			return nil, err
		}
		was := store.ID{}
		for _, e := range page {
			if e.Handle != next && next != handle {
				continue // it became what has been read already
			}
			line = append(line, e)
			if e.Handle == next && !e.Was.IsZero() {
				was = e.Was
			}
		}
		next = was
	}
	slices.SortFunc(line, func(a, b Entry) int { return b.Cursor().compare(a.Cursor()) })
	return h.withMark(ctx, line)
}

// compare is negative if the entry of c comes before that of d in a listing, newest first.
func (c Cursor) compare(d Cursor) int {
	if order := d.At.Compare(c.At); order != 0 {
		return order
	}
	return int(min(max(d.seq-c.seq, -1), 1))
}

// withMark adds to a line the first not-before by which the session ended, unless it had ended before.
func (h *History) withMark(ctx context.Context, line []Entry) ([]Entry, error) {
	if len(line) == 0 || slices.ContainsFunc(line, func(e Entry) bool { return e.Kind.Ends() }) {
		return line, nil
	}
	began, user := line[0].At, ""
	for _, e := range line {
		if e.User != "" && !(e.Kind == NotBefore) {
			user = e.User
		}
	}
	for _, e := range line { // a sign-in begins a session; a step-up does not
		if e.Kind == Kind(event.SignedIn) {
			began = e.At
		}
	}
	marks, err := h.place.selectEntries(ctx, "WHERE kind = ? AND (who = ? OR who = ?) AND happened >= ? "+
		"ORDER BY happened, seq LIMIT 100", []byte(NotBefore), []byte{}, []byte(user), began.UnixMicro())
	if err != nil {
		return nil, err
	}
	for _, m := range marks {
		if t, err := time.Parse(time.RFC3339Nano, m.Detail); err == nil && !began.After(t.Add(time.Second)) {
			return append(line, m), nil
		}
	}
	return line, nil
}

// End returns what has ended a session: its own end, the sign-in or step-up that gave it another handle, or a
// not-before. It returns false if nothing is known, as of one whose time ran out.
func (h *History) End(ctx context.Context, handle store.ID) (Entry, bool, error) {
	if h == nil {
		return Entry{}, false, nil
	}
	line, err := h.Line(ctx, handle)
	for _, e := range slices.Backward(line) {
		if e.Kind.Ends() && e.Handle == handle || e.Was == handle || e.Kind == NotBefore {
			return e, true, nil
		}
	}
	return Entry{}, false, err
}
