package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/test/internal/disk"
)

// everyCall makes each call that there is, on a record that is there, and returns the errors by the name of the call.
func everyCall(ctx context.Context, b *box, r store.Record) map[string]error {
	r.Version = 1
	errs := map[string]error{
		"Create":       b.Create(ctx, session("ada"), store.ID{}),
		"replace":      b.Create(ctx, session("ada"), r.ID),
		"Save":         b.Save(ctx, r),
		"Touch":        b.Touch(ctx, []store.Seen{{ID: r.ID, At: time.Now()}}),
		"SetNotBefore": b.SetNotBefore(ctx, "ada", time.Now()),
	}
	_, errs["Delete"] = b.Delete(ctx, r.ID)
	_, errs["DeleteUser"] = b.DeleteUser(ctx, "ada")
	_, errs["Sweep"] = b.Sweep(ctx, time.Now(), 10)
	_, errs["Load of what never was"] = b.Load(ctx, store.NewID())
	_, errs["List"] = b.List(ctx, store.Query{})
	_, errs["Count"] = b.Count(ctx, "ada", time.Time{})
	_, errs["NotBefore"] = b.NotBefore(ctx)
	return errs
}

// wantFault checks that an error says what is wrong, and cannot be taken for an answer about a session.
func wantFault(t *testing.T, call string, err error, words string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s: no error, want one that says %q", call, words)
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict),
		errors.Is(err, store.ErrExists), errors.Is(err, store.ErrDamaged):
		t.Errorf("%s: %v is an answer about a session, want one that says %q", call, err, words)
	case !strings.Contains(err.Error(), words):
		t.Errorf("%s: %q does not say %q", call, err, words)
	}
}

// A program that goes on with a deleted file loses everything that it acknowledges from then on.
func TestAFileThatIsGone(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, file string)
	}{
		{"deleted", func(t *testing.T, file string) { must(t, os.Remove(file)) }},
		{"renamed", func(t *testing.T, file string) { must(t, os.Rename(file, file+".old")) }},
		{"replaced by an empty file", func(t *testing.T, file string) {
			must(t, os.Remove(file))
			must(t, os.WriteFile(file, nil, 0o600))
		}},
		{"replaced by another database", func(t *testing.T, file string) {
			other := newBox(t, newFile(t))
			mustCreate(t, other)
			must(t, other.Close(t.Context()))
			must(t, other.db.Close())
			for _, suffix := range []string{"-wal", "-shm"} {
				_ = os.Remove(file + suffix)
			}
			must(t, os.Rename(other.dsn, file))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t, newFile(t))
			b.db.SetMaxIdleConns(0) // every call opens the file that is there now
			r := mustCreate(t, b)
			old, err := b.db.Conn(t.Context()) // as long as it is open, no other file gets its number
			must(t, err)
			defer old.Close()
			if _, err := b.Load(t.Context(), r.ID); err != nil { // has looked at the file just now
				t.Fatal(err)
			}
			c.do(t, b.dsn)
			_, err = b.Load(t.Context(), store.NewID())
			wantFault(t, "Load right after", err, "deleted or replaced")
			for call, err := range everyCall(t.Context(), b, r) {
				wantFault(t, call, err, "deleted or replaced")
			}
			// What was read before may still be in memory for a moment, but not for long.
			deadline := time.Now().Add(10 * time.Second)
			for {
				_, err := b.Load(t.Context(), r.ID)
				if err != nil {
					wantFault(t, "Load", err, "deleted or replaced")
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("loads go on as if nothing had happened")
				}
				time.Sleep(10 * time.Millisecond)
			}
			wantUntouched(t, b.dsn)
		})
	}
}

// A new file may even have the number of the old one, if nobody has that open. Nothing is lost in it, but it is
// empty, and that must not read as if everybody had signed out.
func TestAnEmptyFileWithoutConnections(t *testing.T) {
	b := newBox(t, newFile(t))
	b.db.SetMaxIdleConns(0)
	r := mustCreate(t, b)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(b.dsn + suffix)
	}
	must(t, os.WriteFile(b.dsn, nil, 0o600))
	for call, err := range everyCall(t.Context(), b, r) {
		wantFault(t, call, err, "start the program again")
	}
	_, err := b.Load(t.Context(), r.ID)
	wantFault(t, "Load", err, "start the program again")
}

// wantUntouched checks that a file, if it is a database of sessions, has the one session that it came with.
func wantUntouched(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	must(t, err)
	defer db.Close()
	var n int
	if err := db.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&n); err == nil && n != 1 {
		t.Errorf("the file that took the place has %d sessions, it had 1", n)
	}
}

// The file may go at the last moment: after the transaction has begun, before it is acknowledged.
func TestAFileThatGoesDuringTheCommit(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	remove := func() { _ = os.Remove(b.dsn) }
	onCommit.Store(&remove)
	defer onCommit.Store(nil)
	wantFault(t, "Create", b.Create(t.Context(), session("ada"), store.ID{}), "deleted or replaced")
}

// A file that was moved away and back is the same file.
func TestAFileThatComesBack(t *testing.T) {
	b := newBox(t, newFile(t))
	r := mustCreate(t, b)
	must(t, os.Rename(b.dsn, b.dsn+".away"))
	wantFault(t, "Create", b.Create(t.Context(), session("ada"), store.ID{}), "deleted or replaced")
	must(t, os.Rename(b.dsn+".away", b.dsn))
	mustCreate(t, b)
	if _, err := b.Load(t.Context(), r.ID); err != nil {
		t.Errorf("load: %v", err)
	}
}

// A writer in another program is waited for, for a bounded time, and reads go on meanwhile.
func TestALockedDatabase(t *testing.T) {
	b := newBox(t, newFile(t))
	r := mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.Create(ctx, session("ada"), store.ID{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("create with a deadline: got %v, want DeadlineExceeded", err)
	}
	wantFault(t, "Create", b.Create(t.Context(), session("ada"), store.ID{}), "locked by another program")
	if _, err := b.Load(t.Context(), r.ID); err != nil {
		t.Errorf("load while locked: %v", err)
	}
	must(t, b.Prepare(t.Context())) // it may be over soon
	release()
	mustCreate(t, b)
}

// A pool that is exhausted is waited for no longer than the caller has time.
func TestAnExhaustedPool(t *testing.T) {
	b := newBox(t, newFile(t))
	r := mustCreate(t, b)
	b.db.SetMaxOpenConns(1)
	only, err := b.db.Conn(t.Context())
	must(t, err)
	defer only.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for call, err := range everyCall(ctx, b, r) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want DeadlineExceeded", call, err)
		}
	}
	must(t, only.Close())
	mustCreate(t, b)
}

// Preparing waits in the same way, and what failed is tried again by the next call.
func TestALockedDatabaseIsPreparedLater(t *testing.T) {
	file := newFile(t)
	release := locker(t, file)
	defer release()
	b := newBox(t, file)
	wantFault(t, "Prepare", b.Prepare(t.Context()), "locked by another program")
	release()
	mustCreate(t, b)
}

// Tables that a newer program has changed may mean something else; they are left alone.
func TestANewerSchema(t *testing.T) {
	file := newFile(t)
	old := newBox(t, file)
	r := mustCreate(t, old)
	old.mustExec(t, `UPDATE coatcheck_schema SET version = 99`)
	b := newBox(t, file)
	for call, err := range everyCall(t.Context(), b, r) {
		wantFault(t, call, err, "use a newer version of the program")
	}
	wantFault(t, "Prepare", b.Prepare(t.Context()), "version 99")
	var version int
	if err := b.db.QueryRow(`SELECT version FROM coatcheck_schema`).Scan(&version); err != nil || version != 99 {
		t.Errorf("the version is %d, %v; want 99 as before", version, err)
	}
}

func TestAFileThatIsNoDatabase(t *testing.T) {
	file := newFile(t)
	must(t, os.WriteFile(file, []byte(strings.Repeat("dear diary ", 1000)), 0o600))
	b := newBox(t, file)
	for call, err := range everyCall(t.Context(), b, session("ada")) {
		wantFault(t, call, err, "not a database")
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	b := newBox(t, filepath.Join(t.TempDir(), "missing", "sessions.db"))
	wantFault(t, "Prepare", b.Prepare(t.Context()), "check that its folder is there")
}

func TestAReadOnlyDatabase(t *testing.T) {
	file := newFile(t)
	r := mustCreate(t, newBox(t, file))
	b := newBox(t, "file:"+file+"?mode=ro")
	wantFault(t, "Create", b.Create(t.Context(), session("ada"), store.ID{}), "cannot be written to")
	wantFault(t, "Prepare", b.Prepare(t.Context()), "cannot be written to")
	if _, err := b.Load(t.Context(), r.ID); err != nil {
		t.Errorf("load: %v", err)
	}
}

// fillUp creates sessions until the store refuses one, and returns those that were acknowledged and the refusal.
func fillUp(t *testing.T, b *box) (acknowledged []store.Record, refusal error) {
	t.Helper()
	for range 10_000 {
		r := session("ada")
		r.Data = r.Data.With(store.Change{Key: "big",
			Value: store.Value{JSON: `"` + strings.Repeat("x", 10_000) + `"`}})
		if err := b.Create(t.Context(), r, store.ID{}); err != nil {
			return acknowledged, err
		}
		acknowledged = append(acknowledged, r)
	}
	t.Fatal("the disk is never full")
	return nil, nil
}

// allThere checks that every record that was acknowledged can be read.
func allThere(t *testing.T, s store.Store, records []store.Record) {
	t.Helper()
	for i, r := range records {
		if _, err := s.Load(t.Context(), r.ID); err != nil {
			t.Fatalf("session %d of %d was acknowledged and loads with %v", i, len(records), err)
		}
	}
}

// SQLite's own limit stands for a quota.
func TestAFullDatabase(t *testing.T) {
	b := newBox(t, newFile(t)+"?_pragma=max_page_count(200)")
	records, err := fillUp(t, b)
	wantFault(t, "Create", err, "the disk is full")
	allThere(t, b, records)
	must(t, b.Prepare(t.Context())) // those who only read are served
	if _, err := b.DeleteUser(t.Context(), "ada"); err != nil {
		t.Errorf("delete to make room: %v", err)
	}
	mustCreate(t, b)
}

// A real disk that is full to the last page, log and index included.
func TestAFullDisk(t *testing.T) {
	d := disk.New(t, "")
	if !d.Small {
		t.Skip("needs root to mount a small disk")
	}
	t.Run("store", func(t *testing.T) { // its cleanup closes the database before the disk goes
		b := newBox(t, filepath.Join(d.Dir, "sessions.db"))
		records := []store.Record{mustCreate(t, b)}
		d.Fill()
		more, err := fillUp(t, b)
		wantFault(t, "Create", err, "disk")
		records = append(records, more...)
		allThere(t, b, records)
		d.Free()
		records = append(records, mustCreate(t, b))
		allThere(t, b, records)
		reopened := newBox(t, b.dsn)
		allThere(t, reopened, records)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Errors of one call name the call, so that a log line is enough to know what did not happen.
func TestErrorsSayWhatWasBeingDone(t *testing.T) {
	b := newBox(t, newFile(t))
	r := mustCreate(t, b)
	b.mustExec(t, `DROP TABLE coatcheck_sessions`)
	for call, err := range everyCall(t.Context(), b, r) {
		if strings.HasPrefix(call, "SetNotBefore") || call == "NotBefore" {
			if err != nil {
				t.Errorf("%s: %v", call, err)
			}
			continue
		}
		wantFault(t, call, err, "session")
		if prefix := "sqlstore: "; !strings.HasPrefix(fmt.Sprint(err), prefix) {
			t.Errorf("%s: %q does not begin with %q", call, err, prefix)
		}
	}
}
