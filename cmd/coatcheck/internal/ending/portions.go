package ending

import (
	"database/sql"

	"coatcheck.dev/store"
)

// portionsOf divides handles into portions, the first of which is the nth.
type portionsOf struct {
	next int
	list []*portion
}

func (s *portionsOf) add(ids []store.ID) {
	for _, id := range ids {
		if len(s.list) == 0 || s.list[len(s.list)-1].len() == portionSize {
			s.list = append(s.list, &portion{n: s.next})
			s.next++
		}
		p := s.list[len(s.list)-1]
		p.handles, p.outcomes = append(p.handles, id[:]...), append(p.outcomes, waits)
	}
}

// put writes them all.
func (s *portionsOf) put(tx *sql.Tx, job string) error {
	for _, p := range s.list {
		if err := putPortion(tx, job, p); err != nil {
			return err
		}
	}
	return nil
}

// batch returns the places of at most n handles that have not had their turn.
func (p *portion) batch(n int) (places []int) {
	for i, o := range p.outcomes {
		if len(places) == n {
			break
		}
		if o == waits || o == begun {
			places = append(places, i)
		}
	}
	return places
}
