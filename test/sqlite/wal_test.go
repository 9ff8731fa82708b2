package sqlite

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// walSize returns the size of a database's write-ahead log.
func walSize(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file + "-wal")
	must(t, err)
	return info.Size()
}

// finding returns what Check says of one thing.
func finding(t *testing.T, b *box, name string) store.Finding {
	t.Helper()
	findings, err := b.Check(t.Context())
	must(t, err)
	i := slices.IndexFunc(findings, func(f store.Finding) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("nothing is said of %s: %+v", name, findings)
	}
	return findings[i]
}

// A program that has a transaction open keeps the log from being emptied, and nothing can be done about it but to say
// so. Once it has ended, the log is cut, even if nobody writes any more; and no writer ever waits for a reader.
func TestAReaderKeepsTheLogLong(t *testing.T) {
	for name, notice := range map[string]func(*testing.T, *box){
		"noticed by those who write": func(t *testing.T, b *box) { createMany(t, b, 300) },
		"noticed by a sweep": func(t *testing.T, b *box) {
			_, err := b.Sweep(t.Context(), time.Now(), 10)
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := newFile(t)
			b := newBox(t, file+"?_pragma=busy_timeout(600000)") // whoever waits for the reader waits for too long
			mustCreate(t, b)
			if f := finding(t, b, "wal"); f.Severity != store.Good {
				t.Errorf("the doctor says %+v of a short log", f)
			}
			reader, err := newBox(t, file).db.BeginTx(t.Context(), nil)
			must(t, err)
			defer reader.Rollback()
			var n int
			must(t, reader.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&n))

			// An app's own tables may lie in the file.
			b.mustExec(t, `CREATE TABLE ballast AS SELECT zeroblob(?) AS b`, sqlstore.LongWAL+1<<20)
			f := finding(t, b, "wal")
			if f.Severity != store.Limit || f.Fix == "" {
				t.Errorf("the doctor says %+v of a log of %d bytes", f, walSize(t, file))
			}
			t.Logf("%s: %s", f.What, f.Means)
			notice(t, b)
			createMany(t, b, 1)
			must(t, reader.Rollback())
			left := time.Now()
			waitUntil(t, "the log is cut", func() bool { return walSize(t, file) < 1<<20 })
			t.Logf("it is cut %v after the reader has left", time.Since(left))
			if f := finding(t, b, "wal"); f.Severity != store.Good {
				t.Errorf("then the doctor says %+v", f)
			}
			mustCreate(t, b)
		})
	}
}

// createMany adds sessions, all at once and within a minute.
func createMany(t *testing.T, b *box, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var writers sync.WaitGroup
	for range n {
		writers.Go(func() {
			if err := b.Create(ctx, session("ada"), store.ID{}); err != nil {
				t.Errorf("create: %v", err)
			}
		})
	}
	writers.Wait()
}
