package index

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// Each field by itself is found by an index, and counted by one that needs no table; each order is that of an index, so
// that nothing is sorted.
func TestPlans(t *testing.T) {
	x := planned(t)
	for text, index := range map[string]string{
		"user=user-7": "live_user", "name=user-1": "live_user", "handle=AB": "live_handle",
		"handle=ABCDE":     "live_handle",
		"address=10.0.0.1": "live_address", "address=10.0.0.0/8": "live_address", "browser=curl": "live_facet",
		"label=desk": "live_facet", "signed_in=no": "live_facet", "remembered=yes": "live_facet",
		"bound=yes":       "live_facet",
		"method=password": "live_facet", "level=2": "live_facet", "created_after=2h": "live_created",
		"created_before=2h": "live_created", "seen_after=2h": "live_seen", "seen_before=2h": "live_seen",
		"ends_after=2h": "live_ends", "ends_before=2h": "live_ends",
	} {
		values, _ := url.ParseQuery(text)
		q, err := Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		x.plan(t, q, func(s *search, explain func(string, []any) string) {
			drive, found, err := s.drive(t.Context(), x.tx)
			if err != nil || !found {
				t.Errorf("%s: no index is chosen: %v", text, err)
			}
			s.bare = drive.cover
			page := explain(s.statement(drive.index, nil, 50))
			if !strings.Contains(page, "SEARCH l USING") || !strings.Contains(page, "INDEX "+index+" (") {
				t.Errorf("%s is found by\n%s", text, page)
			}
			if len(s.conds) == 0 {
				return // counted in memory
			}
			where, args := s.where()
			count := explain(counting(s.conds[0].index, where), args)
			if !strings.Contains(count, "SEARCH l USING") || !strings.Contains(count, "INDEX "+index+" (") ||
				!strings.Contains(count, "COVERING") && q.User == "" {
				t.Errorf("%s is counted by\n%s", text, count)
			}
		})
	}
	for by, o := range sortings {
		x.plan(t, Query{Sort: Sort{By: by}}, func(s *search, explain func(string, []any) string) {
			s.bare = true
			page := explain(s.statement("", nil, 50))
			if strings.Contains(page, "TEMP B-TREE") || !strings.Contains(page, "COVERING INDEX "+o.index) {
				t.Errorf("sorted by %s is\n%s", by, page)
			}
			after := &cursor{Ints: make([]int64, len(o.cols))}
			if o.text {
				after.Ints = after.Ints[1:]
			}
			if page := explain(s.statement("", after, 50)); strings.Contains(page, "TEMP B-TREE") ||
				!strings.Contains(page, "SEARCH") {
				t.Errorf("a later page sorted by %s is\n%s", by, page)
			}
		})
	}
}

// A plannedIndex is an index within one transaction.
type plannedIndex struct {
	*Index
	tx *sql.Tx
}

func planned(t *testing.T) *plannedIndex {
	st := memory.New()
	now := time.Now()
	for i := range 300 {
		r := store.Record{ID: store.NewID(), User: fmt.Sprint("user-", i), CreatedAt: now, LastSeen: now,
			ExpiresAt: now.Add(time.Hour), Device: store.Device{Address: "10.0.0.1", UserAgent: "curl/8"}}
		if err := st.Create(t.Context(), r, store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	x := Open(Options{
		Path: filepath.Join(t.TempDir(), "index.db"), Source: session.New(st, session.Options{}), Feed: st,
	})
	t.Cleanup(x.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := x.Await(ctx); err != nil {
		t.Fatal(err)
	}
	tx, err := x.file.read.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return &plannedIndex{x, tx}
}

// plan hands over a search, and what SQLite says how it carries out a statement.
func (x *plannedIndex) plan(t *testing.T, q Query, do func(*search, func(string, []any) string)) {
	t.Helper()
	do(x.newSearch(q, time.Now()), func(text string, args []any) string {
		rows, err := x.tx.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer rows.Close()
		var lines []string
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n")
	})
}
