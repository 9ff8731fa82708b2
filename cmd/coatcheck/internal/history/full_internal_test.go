package history

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// While the disk is full, nobody waits. What finds no room in memory is counted and logged, and the history says so as
// soon as it can.
//
// Rows: C7
func TestAFullDiskIsNeverSilent(t *testing.T) {
	var log bytes.Buffer
	h, err := Open(filepath.Join(t.TempDir(), "history.db"),
		Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	db := h.place.db.Load()
	db.SetMaxOpenConns(1) // the limit is of a connection
	var pages int
	if err := db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if _, err := db.Exec("PRAGMA max_page_count = " + strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	const room, surplus = 3000, 10
	h.mu.Lock()
	h.room = room
	h.mu.Unlock()
	for range room + surplus {
		h.Note(Entry{Kind: OperatorActed, Reason: strings.Repeat("x", 100)})
	}
	h.Flush(t.Context())
	for range 2 * surplus { // the memory is full by now, whatever was written before the disk was
		h.Note(Entry{Kind: OperatorActed})
	}
	h.Flush(t.Context()) // a batch that was being written comes back and finds no room
	if h.Lost() == 0 || !strings.Contains(log.String(), "cannot be written") {
		t.Fatalf("%d are lost, log %s", h.Lost(), &log)
	}
	limit(1 << 30)
	h.Flush(t.Context())
	said, _, err := h.Find(t.Context(), Query{Kind: Lost})
	sum := 0
	for _, e := range said {
		n, _ := strconv.Atoi(e.Detail)
		sum += n
	}
	if err != nil || uint64(sum) != h.Lost() {
		t.Errorf("the history says that %d are missing of %d, %v", sum, h.Lost(), err)
	}
}

// A file that is damaged while it is in use is set aside, and no entry is lost.
func TestDamageInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.Background())
	for range 500 {
		h.Note(Entry{Kind: OperatorActed, Reason: strings.Repeat("y", 200)})
	}
	h.Flush(t.Context())
	if _, err := h.place.db.Load().Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	h.place.db.Load().SetMaxIdleConns(0) // no page of it is in memory
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(bytes.Repeat([]byte("damage! "), int(info.Size()-100)/8), 100); err != nil {
		t.Fatal(err)
	}
	file.Close()
	h.place.db.Load().SetMaxIdleConns(4)
	h.Note(Entry{Kind: OperatorActed, Reason: "after"})
	h.Flush(t.Context())
	found, _, err := h.Find(t.Context(), Query{})
	if err != nil || len(found) != 1 || found[0].Reason != "after" || h.Lost() != 0 {
		t.Errorf("%d entries, %v, %d lost", len(found), err, h.Lost())
	}
}

func TestSweep(t *testing.T) {
	h, err := Open(filepath.Join(t.TempDir(), "history.db"), Options{Keep: time.Hour, MaxEntries: 600})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	now := time.Now()
	for i := range 1000 {
		h.Note(Entry{Kind: OperatorActed, At: now.Add(time.Duration(i) * time.Millisecond), Reason: strconv.Itoa(i)})
	}
	for range 500 {
		h.Note(Entry{Kind: OperatorActed, At: now.Add(-2 * time.Hour)})
	}
	h.Flush(t.Context())
	for range 3 {
		h.sweep(t.Context())
	}
	n := 0
	if err := h.Each(t.Context(), Query{}, func(e Entry) error {
		n++
		if e.At.Before(now.Add(-time.Hour)) {
			t.Fatal("one that is too old is there")
		}
		return nil
	}); err != nil || n > 600 || n < 100 {
		t.Errorf("%d are there, %v", n, err)
	}
}
