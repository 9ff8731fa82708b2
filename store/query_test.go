package store_test

import (
	"testing"
	"time"

	"coatcheck.dev/store"
)

// A page goes on where the one before ended, or it is an error: who pages by it would not come to an end.
//
// Rows: I9
func TestPageThatDoesNotGoOnIsAnError(t *testing.T) {
	at := func(second int64, id byte) store.Record {
		return store.Record{ID: store.ID{id}, CreatedAt: time.Unix(second, 0)}
	}
	for name, c := range map[string]struct {
		after store.Record
		page  []store.Record
		good  bool
	}{
		"from the newest":      {store.Record{}, []store.Record{at(9, 1), at(8, 7), at(8, 3)}, true},
		"from a cursor":        {at(9, 2), []store.Record{at(9, 1), at(1, 9)}, true},
		"nothing":              {at(9, 2), nil, true},
		"the same page again":  {at(8, 3), []store.Record{at(9, 1), at(8, 7), at(8, 3)}, false},
		"the record itself":    {at(8, 3), []store.Record{at(8, 3)}, false},
		"an ID before it":      {at(8, 3), []store.Record{at(8, 4)}, false},
		"oldest first":         {store.Record{}, []store.Record{at(8, 1), at(9, 1)}, false},
		"a record twice":       {store.Record{}, []store.Record{at(8, 1), at(8, 1)}, false},
		"IDs in another order": {store.Record{}, []store.Record{at(8, 1), at(8, 2)}, false},
	} {
		q := store.Query{}
		if !c.after.ID.IsZero() {
			q.After = c.after.Cursor()
		}
		if err := q.Check(c.page); (err == nil) != c.good {
			t.Errorf("%s: %v, want it good: %v", name, err, c.good)
		}
	}
}
