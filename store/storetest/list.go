package storetest

import (
	"slices"
	"time"

	"coatcheck.dev/store"
)

// sessions makes n records of a user, each a second younger than the one before, and adds them in a mixed order.
func (t *trial) sessions(user string, n int) []store.Record {
	t.Helper()
	records := make([]store.Record, n)
	for i := range records {
		records[i] = session(user)
		records[i].CreatedAt = epoch.Add(time.Duration(i) * time.Second)
	}
	mixed := slices.Clone(records)
	for i := range mixed {
		j := i * 7 % len(mixed)
		mixed[i], mixed[j] = mixed[j], mixed[i]
	}
	t.createAll(mixed)
	return records
}

var listCases = []testCase{
	{
		name: "newest first",
		why:  "The device list shows what was signed in last at the top, where a user looks for what they do not know.",
		run: func(t *trial) {
			records := t.sessions("ada", 10)
			slices.Reverse(records)
			t.lists(t.list(store.Query{User: "ada"}), records...)
			t.lists(t.list(store.Query{}), records...)
		},
	}, {
		name: "equal times are ordered by ID",
		why:  "Many sessions begin in the same microsecond; without a second order, pages repeat or lose some.",
		run: func(t *trial) {
			records := make([]store.Record, 12)
			for i := range records {
				records[i] = session("ada")
			}
			t.createAll(records)
			want := newestFirst(records)
			t.lists(t.list(store.Query{User: "ada"}), want...)
			for _, limit := range []int{1, 5, 12} {
				t.lists(t.pages(store.Query{User: "ada", Limit: limit}), want...)
				t.lists(t.pages(store.Query{Limit: limit}), want...)
			}
		},
	}, {
		name: "pages join without a gap",
		why: "An operator who pages through the sessions must see each once; one that hides between two pages is " +
			"never ended.",
		run: func(t *trial) {
			want := newestFirst(t.sessions("ada", 23))
			for _, limit := range []int{1, 2, 22, 23, 24} {
				t.lists(t.pages(store.Query{User: "ada", Limit: limit}), want...)
				t.lists(t.pages(store.Query{Limit: limit}), want...)
			}
		},
	}, {
		name: "a listing goes on after a record that is gone",
		why:  "The last record of a page may have ended by the time that the next page is asked for.",
		run: func(t *trial) {
			want := newestFirst(t.sessions("ada", 6))
			page := t.list(store.Query{User: "ada", Limit: 3})
			for _, r := range want[2:4] { // the last one of this page, and the first of the next
				if _, err := t.s.Delete(t.ctx, r.ID); err != nil {
					t.Fatalf("delete: %v", err)
				}
			}
			t.lists(t.list(store.Query{User: "ada", After: page[2].Cursor()}), want[4:]...)
			t.lists(t.list(store.Query{After: page[2].Cursor()}), want[4:]...)
		},
	}, {
		name: "a cursor need not be a record's",
		why:  "A cursor is a moment and an ID, such as \"older than yesterday\"; its ID takes part in the order alone.",
		run: func(t *trial) {
			want := newestFirst(t.sessions("ada", 4))
			at := store.Cursor{CreatedAt: want[1].CreatedAt} // before any ID of that time, so it is after want[1]
			t.lists(t.list(store.Query{User: "ada", After: at}), want[2:]...)
			t.lists(t.list(store.Query{After: at}), want[2:]...)
		},
	}, {
		name: "a user sees their own",
		why:  "A device list that shows another user's session lets one user look at, and end, the other's.",
		run: func(t *trial) {
			ada, _, _ := t.create(session("ada")), t.create(session("alan")), t.create(session(""))
			t.lists(t.list(store.Query{User: "ada"}), ada)
			t.lists(t.list(store.Query{User: "grace"}))
		},
	}, {
		name: "users are compared byte by byte",
		why:  "Databases like to fold case, accents and trailing blanks; Ada, ada and \"ada \" are three users.",
		run: func(t *trial) {
			users := []string{"ada", "Ada", "ADA", "ada ", " ada", "adá", "ad", "ada\x00", "a%", "_da", "ada\n"}
			records := map[string]store.Record{}
			for _, user := range users {
				records[user] = t.create(session(user))
			}
			for _, user := range users {
				t.counts(user, 1)
				t.lists(t.list(store.Query{User: user}), records[user])
			}
			t.sameIDs(t.deleteUser("ada"), records["ada"].ID)
			t.counts("", len(users)-1)
		},
	}, {
		name: "everybody's records include those of visitors",
		why:  "The operator's list is how anyone notices a flood of sessions without users.",
		run: func(t *trial) {
			records := []store.Record{session("ada"), session(""), session("alan"), session("")}
			t.createAll(records)
			t.lists(t.list(store.Query{}), newestFirst(records)...)
			t.counts("", 4)
		},
	}, {
		name: "a listed record is the whole record, as it is now",
		why:  "Who works on a listed record must not save an old version, or one with half of its fields.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			r = t.save(changed(r))
			r.LastSeen = r.LastSeen.Add(time.Hour)
			t.touch(r.ID, r.LastSeen)
			for _, q := range []store.Query{{User: "ada"}, {}} {
				if records := t.list(q); len(records) == 1 {
					t.same(records[0], r)
				} else {
					t.Errorf("listed %d records, want 1", len(records))
				}
			}
		},
	}, {
		name: "a page has 100 records, 1,000 at most",
		why:  "Nobody may ask a store for a million records in one piece, by accident or on purpose.",
		run: func(t *trial) {
			t.sessions("ada", 1001)
			for _, c := range []struct{ limit, want int }{{0, 100}, {-1, 100}, {7, 7}, {1000, 1000}, {5000, 1000}} {
				for _, user := range []string{"ada", ""} {
					if n := len(t.list(store.Query{User: user, Limit: c.limit})); n != c.want {
						t.Errorf("limit %d, user %q: got %d records, want %d", c.limit, user, n, c.want)
					}
				}
			}
		},
	}, {
		name: "an empty store lists nothing",
		why:  "No record is no error.",
		run: func(t *trial) {
			t.lists(t.list(store.Query{}))
			t.lists(t.list(store.Query{User: "ada"}))
			t.counts("", 0)
			t.counts("ada", 0)
		},
	},
}
