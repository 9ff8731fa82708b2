package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/network"
)

// A sorting is how the rows of one order are found.
type sorting struct {
	index string
	cols  []string // of the key, the same as those of the index; all ascend or all descend
	text  bool     // the first column is text, or bytes
	facet string   // the index of the table facet if the first column is there
}

var sortings = map[string]sorting{
	"created":    {index: "live_created", cols: []string{"l.created", "l.id"}},
	"seen":       {index: "live_seen", cols: []string{"l.seen", "l.created", "l.id"}},
	"ends":       {index: "live_ends", cols: []string{"l.ends", "l.created", "l.id"}},
	"user":       {index: "live_user", cols: []string{"l.fold", "l.created", "l.id"}, text: true},
	"address":    {index: "live_address", cols: []string{"l.addr", "l.created", "l.seen", "l.id"}, text: true},
	"browser":    byFacet("facet_browser", "f.shown", true),
	"label":      byFacet("facet_label", "f.folded", true),
	"method":     byFacet("facet_method", "f.method", true),
	"level":      byFacet("facet_level", "f.level", false),
	"signed_in":  byFacet("facet_signed_in", "f.signed_in", false),
	"remembered": byFacet("facet_remembered", "f.remembered", false),
	"bound":      byFacet("facet_bound", "f.bound", false),
}

func byFacet(index, col string, text bool) sorting {
	return sorting{index: "live_facet", cols: []string{col, "f.id", "l.created", "l.id"}, text: text, facet: index}
}

// A condition is one part of what is asked for.
type condition struct {
	sql    string
	args   []any
	index  string // that finds the rows which fulfil it
	narrow bool   // they are few in any case
	rest   []rest // which together find all other rows; nil if that is not so easy
	cover  bool   // the index has the rows in an order of which the best are found without the table
}

// A rest is a part of what does not fulfil a condition.
type rest struct {
	sql string
	arg any
}

// A search is a query at one moment.
type search struct {
	q      Query
	now    time.Time
	conds  []condition
	facets []int64 // nil if all fit
	few    int     // sessions that have these
	rows   int     // all sessions
	bare   bool    // rows are found by an index that does not know their ends, so some may be over
}

// newSearch makes the conditions of a query. Nothing fits that began at everybody's cut-off or before.
func (x *Index) newSearch(q Query, now time.Time) *search {
	s := &search{q: q, now: now}
	s.facets, s.few = x.facets.matching(&q)
	s.rows = x.facets.rows()
	add := func(c condition) { s.conds = append(s.conds, c) }
	if q.Handle != "" {
		lo, hi, _ := handles(q.Handle)
		add(condition{sql: "l.handle BETWEEN ? AND ?", args: []any{lo[:], hi[:]}, index: "live_handle",
			narrow: len(q.Handle) >= 4})
	}
	if q.User != "" {
		add(condition{sql: "l.fold = ? AND l.user = ?", args: []any{[]byte(fold(q.User)), []byte(q.User)},
			index: "live_user", narrow: true})
	}
	if q.Name != "" {
		lo := []byte(fold(q.Name))
		c := condition{sql: "l.fold >= ?", args: []any{lo}, index: "live_user", cover: true}
		if hi := following(lo); hi != nil {
			c.sql, c.args = c.sql+" AND l.fold < ?", append(c.args, hi)
			c.rest = []rest{{"l.fold < ?", lo}, {"l.fold >= ?", hi}}
		}
		add(c)
	}
	if q.Address.IsValid() {
		c := condition{index: "live_address", cover: true}
		if c.sql, c.args = network.Condition("l.addr", q.Address); network.Whole(q.Address) {
			c.rest = []rest{{"l.addr < ?", c.args[0]}, {"l.addr > ?", c.args[1]}}
		}
		add(c)
	}
	created := q.Created.ago(now)
	if cut := x.cutoff.Load(); cut != 0 {
		created.after = max(created.after, cut+1)
	}
	for _, times := range []struct {
		within
		col string
	}{{created, "created"}, {q.Seen.ago(now), "seen"}, {q.Ends.ahead(now), "ends"}} {
		if !times.open() {
			add(times.condition(times.col))
		}
	}
	return s
}

// condition is that a time is within a span. All other rows are before it and after it, unless it ends before it
// begins.
func (w within) condition(col string) condition {
	c := condition{
		sql: fmt.Sprintf("l.%s >= ? AND l.%[1]s < ?", col), args: []any{w.after, w.before},
		index: "live_" + col, cover: true,
	}
	if w.after <= w.before {
		c.rest = []rest{{fmt.Sprintf("l.%s < ?", col), w.after}, {fmt.Sprintf("l.%s >= ?", col), w.before}}
	}
	return c
}

// following returns the least text that comes after all that begin with a prefix; nil if there is none.
func following(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			next := slices.Clone(prefix[:i+1])
			next[i]++
			return next
		}
	}
	return nil
}

// facetCondition is what is left to ask of the facet.
func (s *search) facetCondition() (condition, bool) {
	if s.facets == nil {
		return condition{}, false
	}
	ids, _ := json.Marshal(s.facets) // numbers
	return condition{
		sql: "l.facet IN (SELECT value FROM json_each(?))", args: []any{string(ids)}, index: "live_facet",
	}, true
}

// where joins all conditions.
func (s *search) where() (text string, args []any) {
	parts := []string{"1"}
	conds := s.conds
	if c, ok := s.facetCondition(); ok {
		conds = append(slices.Clone(conds), c)
	}
	for _, c := range conds {
		parts, args = append(parts, c.sql), append(args, c.args...)
	}
	return strings.Join(parts, " AND "), args
}

const (
	few  = 10_000  // rows that are fetched and sorted in a moment
	many = 200_000 // rows of which an index alone tells the best in a moment; or a fifth of all
)

// size counts the rows of a condition, up to a little over most.
func size(ctx context.Context, tx *sql.Tx, c condition, most int) (n int, err error) {
	err = tx.QueryRowContext(ctx, fmt.Sprintf(
		`SELECT count(*) FROM (SELECT 1 FROM live l INDEXED BY %s WHERE %s LIMIT %d)`, c.index, c.sql, most+1),
		c.args...).Scan(&n)
	return n, err
}

// drive chooses the condition whose index finds the rows: the one that has the fewest, if those are few. Otherwise it
// is better to go through all in the order asked for, and stop when a page is full.
func (s *search) drive(ctx context.Context, tx *sql.Tx) (best condition, found bool, err error) {
	least := few
	for _, c := range s.conds {
		if c.narrow {
			return c, true, nil
		}
	}
	if c, ok := s.facetCondition(); ok && s.few <= least {
		best, found, least = c, true, s.few
	}
	by := s.q.Sort.by()
	if len(s.conds) == 1 && s.facets == nil && s.conds[0].index == sortings[by].index {
		return s.conds[0], true, nil // which has them in that order
	}
	for _, c := range s.conds {
		most := least
		if !found && c.cover && (by == "created" || c.index == sortings[by].index) {
			most = max(most, many, s.rows/5)
		}
		n, err := size(ctx, tx, c, most)
		if err != nil {
			return best, false, err
		}
		if n <= least || !found && n <= most {
			best, found, least = c, true, min(n, least)
		}
	}
	return best, found, nil
}

// statement returns what finds a page of rows, in the order asked for.
func (s *search) statement(drive string, after *cursor, limit int) (text string, args []any) {
	o := sortings[s.q.Sort.by()]
	where, args := s.where()
	direction, compare := "DESC", "<"
	if s.q.Sort.Ascending {
		direction, compare = "ASC", ">"
	}
	from := "live l INDEXED BY "
	switch {
	case drive == "" && o.facet != "":
		from = fmt.Sprintf("facet f INDEXED BY %s CROSS JOIN live l INDEXED BY live_facet ON l.facet = f.id", o.facet)
	case drive == "":
		from += o.index
	case o.facet != "":
		from += drive + " JOIN facet f ON f.id = l.facet"
	default:
		from += drive
	}
	if after != nil {
		key := after.values(o)
		where += fmt.Sprintf(" AND (%s) %s (?%s) AND %s %s= ?", strings.Join(o.cols, ", "), compare,
			strings.Repeat(", ?", len(o.cols)-1), o.cols[0], compare)
		args = append(append(args, key...), key[0])
	}
	if !s.bare {
		where += " AND l.ends > ?"
		args = append(args, s.now.UnixMicro())
	}
	return fmt.Sprintf(`SELECT %s, l.id FROM %s WHERE %s ORDER BY %s %s LIMIT %d`,
		strings.Join(o.cols, ", "), from, where, strings.Join(o.cols, " "+direction+", "), direction, limit), args
}

// find returns the places of a page of rows.
func (s *search) find(ctx context.Context, tx *sql.Tx, after *cursor, limit int) ([]spot, error) {
	drive, found, err := s.drive(ctx, tx)
	s.bare = drive.cover
	if err != nil {
		return nil, err
	}
	if !found && s.facets != nil && len(s.facets) <= maxMerge && len(s.conds) == 0 && s.q.Sort.by() == "created" {
		s.bare = true
		return s.merge(ctx, tx, after, limit)
	}
	text, args := s.statement(drive.index, after, limit)
	return s.places(ctx, tx, text, args)
}

func (s *search) places(ctx context.Context, tx *sql.Tx, text string, args []any) (found []spot, err error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	o := sortings[s.q.Sort.by()]
	for rows.Next() {
		p := spot{cursor: cursor{Sort: s.q.Sort.String(), Ints: make([]int64, len(o.cols))}}
		var into []any
		if o.text {
			p.Ints = p.Ints[1:]
			into = append(into, &p.Text)
		}
		for i := range p.Ints {
			into = append(into, &p.Ints[i])
		}
		if err := rows.Scan(append(into, &p.id)...); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, rows.Err()
}

// maxMerge is how many facets are asked one by one.
const maxMerge = 300

// merge finds the newest or the oldest of several facets, each of which has its rows in that order. However unevenly
// they lie, no more is read than a page of each.
func (s *search) merge(ctx context.Context, tx *sql.Tx, after *cursor, limit int) ([]spot, error) {
	var all []spot
	for _, id := range s.facets {
		one := *s
		one.facets = []int64{id}
		text, args := one.statement("live_facet", after, limit)
		text = strings.Replace(text, "l.facet IN (SELECT value FROM json_each(?))", fmt.Sprintf("l.facet = %d", id), 1)
		found, err := s.places(ctx, tx, text, args[1:])
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b spot) int {
		if s.q.Sort.Ascending {
			return slices.Compare(a.Ints, b.Ints)
		}
		return slices.Compare(b.Ints, a.Ints)
	})
	return all[:min(limit, len(all))], nil
}
