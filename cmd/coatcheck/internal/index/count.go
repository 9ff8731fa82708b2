package index

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// count counts the rows of a search exactly. Those whose time is over are few, because they are removed soon: so all
// are counted by an index that knows no end, and these taken off.
func (s *search) count(ctx context.Context, tx *sql.Tx) (n int, err error) {
	where, args := s.where()
	if n = s.few; len(s.conds) > 0 {
		best, err := s.narrowest(ctx, tx)
		if err != nil {
			return 0, err
		}
		known, counted, err := s.countAlone(ctx, tx, best)
		if err != nil {
			return 0, err
		}
		if n = known; !counted {
			err = tx.QueryRowContext(ctx, counting(best.index, where), args...).Scan(&n)
		}
		if err != nil {
			return 0, err
		}
	}
	over := 0
	args = append([]any{s.now.UnixMicro()}, args...)
	err = tx.QueryRowContext(ctx, counting("live_ends", "l.ends <= ? AND "+where), args...).Scan(&over)
	return max(n-over, 0), err
}

// countAlone counts the rows of a condition that is the only one, if few fulfil it, or nearly all: then those that do
// not are counted.
func (s *search) countAlone(ctx context.Context, tx *sql.Tx, c condition) (n int, counted bool, err error) {
	if len(s.conds) > 1 || s.facets != nil || c.rest == nil {
		return 0, false, nil
	}
	most := s.rows / 4
	if n, err = size(ctx, tx, c, most); err != nil || n <= most {
		return n, true, err
	}
	others := 0
	for _, r := range c.rest {
		n, err := size(ctx, tx, condition{sql: r.sql, args: []any{r.arg}, index: c.index}, most-others)
		if others += n; err != nil || others > most {
			return 0, false, err
		}
	}
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM live`).Scan(&n)
	return n - others, true, err
}

func counting(index, where string) string {
	return fmt.Sprintf(`SELECT count(*) FROM live l INDEXED BY %s WHERE %s`, index, where)
}

// lookup is what a row of the table takes beside one of an index.
const lookup = 12

// narrowest returns the condition whose index counts the rows in the least time. There is at least one condition.
func (s *search) narrowest(ctx context.Context, tx *sql.Tx) (best condition, err error) {
	if len(s.conds) == 1 {
		return s.conds[0], nil
	}
	for _, c := range s.conds {
		if c.narrow {
			return c, nil
		}
	}
	least := (s.rows + 1) * lookup
	for i, c := range s.conds {
		n, err := size(ctx, tx, c, many)
		if err != nil {
			return best, err
		}
		if n > many {
			n = s.rows
		}
		if !s.covers(c) {
			n *= lookup
		}
		if n < least || i == 0 {
			best, least = c, n
		}
	}
	return best, nil
}

// covers reports whether the index of a condition knows all that is asked: that of addresses has two times as well.
func (s *search) covers(c condition) bool {
	return c.index == "live_address" && !slices.ContainsFunc(s.conds, func(c condition) bool {
		return c.index != "live_address" && c.index != "live_created" && c.index != "live_seen"
	})
}
