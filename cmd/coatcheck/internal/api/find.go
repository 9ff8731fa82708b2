package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/store"
)

// A finder lists sessions: by the store newest first, and by the index whatever else is asked for.
type finder struct {
	sessions
	index *index.Index // nil if there is none
}

// A foundPage is what was found, as the API shows it.
type foundPage struct {
	Sessions []entry    `json:"sessions"`
	Next     string     `json:"next,omitempty"`
	Total    *int       `json:"total,omitempty"`
	AsOf     *time.Time `json:"as_of,omitempty"`
}

func (s finder) list(w http.ResponseWriter, r *http.Request) {
	values, err := parseValues(r.URL.RawQuery)
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	if slices.ContainsFunc(index.Names(), func(name string) bool { return name != "user" && values.Has(name) }) {
		s.search(w, r, values)
		return
	}
	q, err := parseQuery(values)
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	infos, next, err := s.manager.Browse(r.Context(), q)
	if err != nil {
		unavailable.write(w)
		return
	}
	page := foundPage{Sessions: make([]entry, 0, len(infos)), Next: FormatCursor(next)}
	for _, i := range infos {
		page.Sessions = append(page.Sessions, newEntry(i))
	}
	page.Total = s.total(r.Context(), q, page)
	answer(w, http.StatusOK, page)
}

// total returns how many sessions the store's listing has in all; nil if nobody can tell in time. Pages are the
// store's, so an index that is behind does not count them.
func (s finder) total(ctx context.Context, q store.Query, page foundPage) *int {
	if q.After == (store.Cursor{}) && page.Next == "" {
		n := len(page.Sessions)
		return &n
	}
	if s.index != nil {
		n, err := s.index.Count(ctx, index.Query{User: q.User})
		if err == nil && s.index.Status().AsOf.IsZero() {
			return &n
		}
	}
	ctx, cancel := context.WithTimeout(ctx, CountTime)
	defer cancel()
	n, err := s.manager.Count(ctx, q.User)
	if err != nil {
		return nil
	}
	return &n
}

func (s finder) search(w http.ResponseWriter, r *http.Request, values url.Values) {
	q, err := index.Parse(values)
	limit, wrong := parseLimit(values.Get("limit"))
	if err = errors.Join(err, wrong); err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	if s.index == nil {
		unavailable.write(w)
		return
	}
	found, err := s.index.Select(r.Context(), q, values.Get("after"), limit)
	var total int
	if err == nil {
		total, err = s.index.Count(r.Context(), q)
	}
	switch {
	case errors.Is(err, index.ErrCursor):
		badRequest(wrongAfter + ", with the same query").write(w)
		return
	case errors.Is(err, index.ErrNotReady):
		is := s.index.Status()
		fail(http.StatusServiceUnavailable, "unavailable", fmt.Sprintf(
			"the index of sessions is being made: %d of %d; until then only user, limit and after can be given",
			is.Done, is.Of)).write(w)
		return
	case err != nil:
		unavailable.write(w)
		return
	}
	page := foundPage{Sessions: make([]entry, 0, len(found.Sessions)), Next: found.Next, Total: &total,
		AsOf: asOf(found, s.index.Status())}
	for _, i := range found.Sessions {
		page.Sessions = append(page.Sessions, newEntry(i))
	}
	answer(w, http.StatusOK, page)
}

// asOf returns up to when an answer is true; nil if that is now.
func asOf(found index.Page, s index.Status) *time.Time {
	at := s.AsOf.UTC()
	if s.AsOf.IsZero() {
		if found.Fresh {
			return nil
		}
		at = time.Now().UTC()
	}
	return &at
}

const wrongAfter = `after is not the "next" of an earlier answer`

// parseLimit reads how many sessions a page has.
func parseLimit(text string) (int, error) {
	if text == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, fmt.Errorf("limit is a number from 1 to %d", maxLimit)
	}
	return limit, nil
}
