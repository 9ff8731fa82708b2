package storetest

import (
	"slices"
	"time"

	"coatcheck.dev/store"
)

// live checks which records of a user are live.
func (t *trial) live(user string, after, now time.Time, limit int, want ...store.Record) {
	t.Helper()
	got, err := t.s.Live(t.ctx, user, after, now, limit)
	if err != nil {
		t.Fatalf("live: %v", err)
	}
	summaries := make([]store.Summary, len(want))
	for i, r := range want {
		summaries[i] = store.Summary{ID: r.ID, CreatedAt: r.CreatedAt, LastSeen: r.LastSeen}
	}
	if !slices.Equal(got, summaries) {
		t.Errorf("live records of %.40q: got %s,\nwant %s", user, brief(got), brief(summaries))
	}
}

// before is earlier than any session of the suite.
var before = epoch.Add(-time.Hour)

var liveCases = []testCase{
	{
		name: "live records in short, newest first",
		why: "By them a sign-in beyond the limit of sessions chooses which one gives way; a wrong order or time ends " +
			"the session that is in use.",
		run: func(t *trial) {
			records := newestFirst(t.sessions("ada", 12))
			for i := range records {
				records[i] = asStored(records[i], 1)
			}
			for i := range 4 {
				records[i].LastSeen = records[i].LastSeen.Add(time.Duration(i+1) * time.Minute)
				t.touch(records[i].ID, records[i].LastSeen)
			}
			records[5].LastSeen = records[5].LastSeen.Add(time.Minute)
			records[5] = t.save(records[5])
			t.live("ada", before, epoch, 100, records...)
		},
	}, {
		name: "equal times of live records are ordered by ID",
		why:  "Which of the sessions that began in the same microsecond gives way must not depend on who asks.",
		run: func(t *trial) {
			records := make([]store.Record, 12)
			for i := range records {
				records[i] = session("ada")
			}
			t.createAll(records)
			t.live("ada", before, epoch, 100, newestFirst(records)...)
			t.live("ada", before, epoch, 5, newestFirst(records)[:5]...)
		},
	}, {
		name: "no more live records than asked for, the newest",
		why:  "A user of 100,000 sessions must cost a sign-in no more than one of a hundred.",
		run: func(t *trial) {
			records := newestFirst(t.sessions("ada", 30))
			for _, limit := range []int{-1, 0, 1, 21, 29, 30, 31, 5000} {
				t.live("ada", before, epoch, limit, records[:min(max(limit, 0), len(records))]...)
			}
		},
	}, {
		name: "what is over is not live",
		why: "A session that is over and not yet swept must not cost its user another one; one that is in use must " +
			"not be overlooked because of the time at which it was created.",
		run: func(t *trial) {
			end := epoch.Add(time.Hour)
			for _, idle := range []bool{false, true} {
				r := t.create(ending(end, idle))
				t.live("ada", before, end.Add(-time.Microsecond), 100, r)
				t.live("ada", before, end, 100)
				if idle {
					r.LastSeen = r.LastSeen.Add(time.Microsecond)
					t.touch(r.ID, r.LastSeen)
					t.live("ada", before, end, 100, r)
				}
				if _, err := t.s.Delete(t.ctx, r.ID); err != nil {
					t.Fatalf("delete: %v", err)
				}
			}
			old := session("ada")
			old.CreatedAt = epoch.Add(-time.Minute)
			old = t.create(old)
			for range 40 { // newer ones, all over: they are passed by
				t.create(ending(end, true))
			}
			t.touch(old.ID, end)
			old.LastSeen = end
			t.live("ada", before, end, 1, old)
		},
	}, {
		name: "live are those created after a time",
		why:  "A cutoff has ended the others: they neither count nor have to be ended once more.",
		run: func(t *trial) {
			records := newestFirst(t.sessions("ada", 6))
			at := records[3].CreatedAt
			t.live("ada", at, epoch, 100, records[:3]...)
			t.live("ada", at.Add(-time.Microsecond), epoch, 100, records[:4]...)
			t.live("ada", records[0].CreatedAt, epoch, 100)
		},
	}, {
		name: "a count is of those created after a time",
		why:  "What a cutoff has ended is no session any more; whoever reads the count decides by it.",
		run: func(t *trial) {
			records := newestFirst(t.sessions("ada", 6))
			newest := records[0].CreatedAt
			visitor := session("")
			visitor.CreatedAt = newest
			t.create(visitor)
			t.create(session("alan"))
			for i := range records {
				t.countsAfter("ada", records[i].CreatedAt, i)
				t.countsAfter("ada", records[i].CreatedAt.Add(-time.Microsecond), i+1)
			}
			t.countsAfter("", newest, 0)
			t.countsAfter("", newest.Add(-time.Microsecond), 2)
			t.countsAfter("", before, 8)
			t.countsAfter("alan", newest, 0)
		},
	}, {
		name: "live records are one user's",
		why:  "A sign-in must never end a session of somebody else.",
		run: func(t *trial) {
			ada, other, _ := t.create(session("ada")), t.create(session("Ada ")), t.create(session(""))
			t.live("ada", before, epoch, 100, ada)
			t.live("Ada ", before, epoch, 100, other)
			t.live("grace", before, epoch, 100)
			t.live("", before, epoch, 100)
		},
	}, {
		name: "what has ended or moved is not live",
		why:  "A session that was signed out must not count towards the limit.",
		run: func(t *trial) {
			a, b := t.create(session("ada")), t.create(session("ada"))
			c := successor(b, "ada")
			if _, err := t.s.Delete(t.ctx, a.ID); err != nil {
				t.Fatalf("delete: %v", err)
			}
			t.must(t.s.Create(t.ctx, c, b.ID))
			t.live("ada", before, epoch, 100, asStored(c, 2))
		},
	}, {
		name: "far times are no trouble to what is live",
		why:  "A store that counts in another unit overflows at \"never\", and at a clock that was not set.",
		run: func(t *trial) {
			r := session("ada")
			r.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
			r.IdleTimeout = 0
			r = t.create(r)
			t.live("ada", time.Time{}, r.ExpiresAt.Add(-time.Second), 100, r)
			t.live("ada", time.Time{}, r.ExpiresAt, 100)
		},
	},
}
