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
		"ends_after=2h": "live_ends", "ends_before=20h": "live_ends",
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

// Whatever fits may be far down the list: to get there, the usual order needs no table, whichever times are asked for.
func TestTheUsualOrderNeedsNoTable(t *testing.T) {
	x := planned(t)
	for _, text := range []string{
		"seen_before=2h", "seen_after=2h", "ends_before=20h", "address=10.0.0.0/9&seen_before=2h",
	} {
		values, _ := url.ParseQuery(text)
		q, err := Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		x.plan(t, q, func(s *search, explain func(string, []any) string) {
			page := explain(s.statement("", nil, 50))
			if strings.Contains(page, "TEMP B-TREE") || !strings.Contains(page, "COVERING INDEX live_created") {
				t.Errorf("%s is\n%s", text, page)
			}
		})
	}
}

// A network and a time are counted without the table, by either index, and what does not fulfil one of several
// conditions is taken off exactly.
func TestCountsOfSeveralConditions(t *testing.T) {
	x := planned(t)
	for text, want := range map[string]int{
		"address=10.0.0.0/8&created_after=100m":                      100,
		"address=10.0.0.0/15&created_after=100m":                     40,
		"address=10.4.0.0/16&created_before=100m":                    40,
		"address=10.0.0.0/14&seen_after=3h&created_before=1h":        97,
		"address=10.0.0.0/8&ends_before=22h":                         180,
		"address=10.1.0.0/16&ends_after=22h":                         24,
		"address=10.0.0.0/8&created_after=100m&browser=curl&name=us": 100,
		"name=user-1&created_after=100m":                             11,
		"seen_after=1h&ends_after=1h":                                61,
		"created_after=1h&created_before=2h&address=10.0.0.0/8":      0,
	} {
		values, _ := url.ParseQuery(text)
		q, err := Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		x.plan(t, q, func(s *search, explain func(string, []any) string) {
			where, args := s.where()
			covered := false
			for i, c := range s.conds {
				plan := explain(counting(c.index, where), args)
				if s.covers(c) != strings.Contains(plan, "COVERING") {
					t.Errorf("%s by %s covers %t, but is\n%s", text, c.index, s.covers(c), plan)
				}
				covered = covered || s.covers(c)
				if c.rest == nil {
					continue
				}
				if n, err := s.countWithout(t.Context(), x.tx, i); err != nil || n != want {
					t.Errorf("%s without condition %d: %d, %v, want %d", text, i, n, err, want)
				}
			}
			if len(s.conds) == 2 && strings.HasPrefix(text, "address=") && !covered {
				t.Errorf("%s is counted by the table", text)
			}
			if n, err := s.count(t.Context(), x.tx); err != nil || n != want {
				t.Errorf("%s: %d, %v, want %d", text, n, err, want)
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
		began := now.Add(-time.Duration(i) * time.Minute)
		r := store.Record{ID: store.NewID(), User: fmt.Sprint("user-", i), CreatedAt: began,
			LastSeen: began.Add(time.Duration(i%7) * time.Second), ExpiresAt: began.Add(24 * time.Hour),
			Device: store.Device{Address: fmt.Sprintf("10.%d.0.1", i%5), UserAgent: fmt.Sprintf("curl/%d", 7+i%2)}}
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
