package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// oddUsers break stores that paste, split, fold, pad or cut names.
var oddUsers = []string{
	"Ωμέγα 日本 🧥", "null", "0", "-1", "%", "*", "?", "[a]", "a:b", "{a}", "a/b", "../a", `a\`, `"`, "'", "''; --", "`",
	"$1", ":user",
	"\x00", "a\x00b", "\n", "\r\n", " ", "\xff\xfe", "\ufeff", "e\u0301", "é",
	strings.Repeat("x", 10_000), strings.Repeat("ü", 5_000) + "y",
}

var limitCases = []testCase{
	{
		name: "odd user names are names",
		why: "A user's name comes from somewhere else, an address book or an attacker; it must neither break out nor " +
			"be mistaken.",
		run: func(t *trial) {
			records := make([]store.Record, len(oddUsers))
			for i, user := range oddUsers {
				records[i] = t.create(session(user))
			}
			for i, user := range oddUsers {
				t.has(records[i])
				t.counts(user, 1)
				t.lists(t.list(store.Query{User: user}), records[i])
			}
			for i, user := range oddUsers {
				t.sameIDs(t.deleteUser(user), records[i].ID)
			}
			t.counts("", 0)
		},
	}, {
		name: "long names that differ at the end are two",
		why:  "An index that cuts its keys takes two users for one.",
		run: func(t *trial) {
			long := strings.Repeat("x", 10_000)
			a, b := t.create(session(long+"a")), t.create(session(long+"b"))
			t.lists(t.list(store.Query{User: long + "a"}), a)
			t.sameIDs(t.deleteUser(long+"b"), b.ID)
			t.has(a)
			t.counts(long, 0)
		},
	}, {
		name: "a megabyte of data comes back whole",
		why:  "The bound on a session's size is the application's; a store that cuts or refuses earlier loses it.",
		run: func(t *trial) {
			r := session("ada")
			r.Data = with(r.Data, "big", quoted(1<<20))
			stored := t.create(r)
			t.has(stored)
			stored.Data = with(stored.Data, "bigger", quoted(1<<20+1))
			t.has(t.save(stored))
			if records := t.list(store.Query{}); len(records) == 1 {
				t.same(records[0], t.load(r.ID))
			} else {
				t.Errorf("listed %d records, want 1", len(records))
			}
		},
	}, {
		name: "every byte of the data comes back",
		why:  "Data is bytes to a store; one that treats it as text changes it.",
		run: func(t *trial) {
			r := session("ada")
			all := make([]byte, 0, 512)
			for i := range 256 {
				all = append(all, byte(i), byte(255-i))
			}
			r.Data = with(r.Data, string(all), string(all))
			for i := range 300 {
				r.Data = with(r.Data, fmt.Sprintf("key %d", i), fmt.Sprint(i))
			}
			r.Device = store.Device{Address: "\x00", UserAgent: strings.Repeat("\xff", 5000), Label: "'\";"}
			t.has(t.create(r))
		},
	}, {
		name: "odd IDs are IDs",
		why:  "An ID is 16 bytes of any value; one store in a hundred takes a zero or a line end in it for an end.",
		run: func(t *trial) {
			ids := []store.ID{{15: 1}, {0: 1}, {0: 0xff, 15: 0xff}, {5: '\n', 6: '\r'}, {0: '%', 1: '*'}}
			for i := range len(store.ID{}) {
				var id store.ID
				id[i] = 0x80
				ids = append(ids, id)
			}
			records := make([]store.Record, len(ids))
			for i, id := range ids {
				records[i] = session("ada")
				records[i].ID = id
				records[i] = t.create(records[i])
			}
			for _, r := range records {
				t.has(r)
			}
			t.lists(t.pages(store.Query{User: "ada", Limit: 3}), newestFirst(records)...)
			t.sameIDs(t.deleteUser("ada"), ids...)
		},
	}, {
		name: "far times are times",
		why:  "\"Never\" is often written as the year 9999, and clocks that were not set begin in 1970 or before.",
		run: func(t *trial) {
			for i, at := range []time.Time{
				time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Unix(0, 0), time.Unix(-1, 1000),
				time.Date(1960, 2, 29, 0, 0, 0, 1000, time.UTC), {},
			} {
				r := session("ada")
				r.CreatedAt, r.LastSeen, r.ExpiresAt, r.Rotation.At, r.Auth[0].At = at, at, at.Add(time.Second), at, at
				t.has(t.create(r))
				t.counts("ada", i+1)
			}
			t.sweep(time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC), 100, 4)
			t.counts("ada", 1)
		},
	}, {
		name: "the newest proofs are kept",
		why:  "A body keeps a bounded number of authentications; it must drop the oldest, and no store may drop more.",
		run: func(t *trial) {
			r := session("ada")
			r.Auth = nil
			for i := range store.MaxAuths + 3 {
				r.Auth = append(r.Auth, store.Auth{Method: fmt.Sprint(i), At: epoch, Level: -i})
			}
			t.create(r)
			got := t.load(r.ID)
			if n := len(got.Auth); n != store.MaxAuths || got.Auth[n-1].Method != fmt.Sprint(n+2) {
				t.Errorf("got %d proofs %v, want the newest %d", n, got.Auth, store.MaxAuths)
			}
		},
	},
}

// quoted returns a JSON string of n bytes.
func quoted(n int) string {
	b, err := json.Marshal(strings.Repeat("x", n-2))
	if err != nil {
		panic(err)
	}
	return string(b)
}
