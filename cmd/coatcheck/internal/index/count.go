package index

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
)

// count counts the rows of a search exactly. Those whose time is over are few, because they are removed soon: so all
// are counted by an index that knows no end, and these taken off.
func (s *search) count(ctx context.Context, tx *sql.Tx) (int, error) {
	n, err := s.countAll(ctx, tx)
	if err != nil {
		return 0, err
	}
	where, args := s.where()
	over := 0
	args = append([]any{s.now.UnixMicro()}, args...)
	err = tx.QueryRowContext(ctx, counting("live_ends", "l.ends <= ? AND "+where), args...).Scan(&over)
	return max(n-over, 0), err
}

// countAll counts the rows of a search, whether or not their time is over. A condition that nearly all fulfil is taken
// away, and it is counted who does not fulfil it but the others.
func (s *search) countAll(ctx context.Context, tx *sql.Tx) (n int, err error) {
	switch {
	case len(s.conds) == 0:
		return s.few, nil
	case len(s.conds) == 1 && s.facets == nil && !s.conds[0].narrow:
		return s.countAlone(ctx, tx)
	}
	index, cost, err := s.narrowest(ctx, tx)
	if err != nil {
		return 0, err
	}
	if len(s.conds) > 1 && cost > many {
		wide, found, err := s.widest(ctx, tx, min(cost, s.rows)/4)
		if err != nil {
			return 0, err
		}
		if found {
			return s.countWithout(ctx, tx, wide)
		}
	}
	where, args := s.where()
	return n, tx.QueryRowContext(ctx, counting(index, where), args...).Scan(&n)
}

// countAlone counts the rows of the only condition. If more than a few fulfil it, it counts those that do not.
func (s *search) countAlone(ctx context.Context, tx *sql.Tx) (n int, err error) {
	c, most := s.conds[0], s.rows/4
	if n, err = size(ctx, tx, c, most); err != nil || n <= most {
		return n, err
	}
	if c.rest == nil {
		return n, tx.QueryRowContext(ctx, counting(c.index, c.sql), c.args...).Scan(&n)
	}
	others, _, err := c.missing(ctx, tx, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM live`).Scan(&n)
	return n - others, err
}

// missing counts the rows that do not fulfil a condition, if those are not more than most.
func (c condition) missing(ctx context.Context, tx *sql.Tx, most int) (n int, found bool, err error) {
	for _, r := range c.rest {
		more, err := size(ctx, tx, condition{sql: r.sql, args: []any{r.arg}, index: c.index}, most-n)
		if n += more; err != nil || n > most {
			return n, false, err
		}
	}
	return n, c.rest != nil, nil
}

// widest returns the condition that the fewest rows do not fulfil, if to count those takes no more than most.
func (s *search) widest(ctx context.Context, tx *sql.Tx, most int) (widest int, found bool, err error) {
	for i, c := range s.conds {
		cost := s.cost(c)
		n, few, err := c.missing(ctx, tx, most/cost)
		if err != nil {
			return 0, false, err
		}
		if few {
			widest, found, most = i, true, n*cost
		}
	}
	return widest, found, nil
}

// countWithout counts what fulfils all conditions but one, and takes off what does not fulfil that one.
func (s *search) countWithout(ctx context.Context, tx *sql.Tx, one int) (n int, err error) {
	others := *s
	others.conds = slices.Delete(slices.Clone(s.conds), one, one+1)
	if n, err = others.countAll(ctx, tx); err != nil {
		return 0, err
	}
	where, args := others.where()
	for _, r := range s.conds[one].rest {
		missing := 0
		err := tx.QueryRowContext(ctx, counting(s.conds[one].index, r.sql+" AND "+where),
			append([]any{r.arg}, args...)...).Scan(&missing)
		if n -= missing; err != nil {
			return 0, err
		}
	}
	return n, nil
}

// counting is what counts by an index, or by going through the table if there is none.
func counting(index, where string) string {
	by := "INDEXED BY " + index
	if index == "" {
		by = "NOT INDEXED"
	}
	return fmt.Sprintf(`SELECT count(*) FROM live l %s WHERE %s`, by, where)
}

// What a row takes beside one of an index: if it is looked up, and if all are gone through.
const (
	lookup = 12
	scan   = 3
)

// narrowest returns the index that counts the rows in the least time, "" if that is the table, and what that takes in
// rows of an index. There is at least one condition.
func (s *search) narrowest(ctx context.Context, tx *sql.Tx) (index string, cost int, err error) {
	if len(s.conds) == 1 {
		return s.conds[0].index, s.rows, nil
	}
	for _, c := range s.conds {
		if c.narrow {
			return c.index, 0, nil
		}
	}
	least := (s.rows + 1) * scan
	for _, c := range s.conds {
		n, err := size(ctx, tx, c, many)
		if err != nil {
			return "", 0, err
		}
		if n > many {
			n = s.rows
		}
		if n *= s.cost(c); n < least {
			index, least = c.index, n
		}
	}
	return index, least, nil
}

// cost is what a row takes that the index of a condition finds.
func (s *search) cost(c condition) int {
	if s.covers(c) {
		return 1
	}
	return lookup
}

// known are the conditions that an index answers without the table, by their own indexes: those of times have the
// address, that of the beginning has all times, and that of addresses two.
var known = map[string][]string{
	"live_handle":  {"live_handle"},
	"live_user":    {"live_user", "live_created"},
	"live_address": {"live_address", "live_created", "live_seen"},
	"live_created": {"live_created", "live_seen", "live_ends", "live_address"},
	"live_seen":    {"live_seen", "live_created", "live_address"},
	"live_ends":    {"live_ends", "live_created", "live_address"},
}

// covers reports whether the index of a condition knows all that is asked.
func (s *search) covers(c condition) bool {
	return !slices.ContainsFunc(s.conds, func(asked condition) bool {
		return !slices.Contains(known[c.index], asked.index)
	})
}
