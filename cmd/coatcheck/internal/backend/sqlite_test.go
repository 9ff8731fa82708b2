package backend_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/store"
)

func session(user string) store.Record {
	now := time.Now()
	return store.Record{ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
}

func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes: the user's own folder protects what is in it")
	}
	path := filepath.Join(t.TempDir(), "b c%?#&ü")
	s, err := backend.Open(t.Context(), backend.File(path))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	if err := s.Create(t.Context(), session("ada"), store.ID{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info, err)
		}
	}
}

func TestSessionsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	r := session("ada")
	for i := range 2 {
		s, err := backend.Open(t.Context(), backend.File(path))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			err = s.Create(t.Context(), r, store.ID{})
		} else if got, loadErr := s.Load(t.Context(), r.ID); loadErr != nil || got.User != "ada" {
			t.Errorf("loaded %+v, %v", got, loadErr)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// prepared opens a database, makes its tables, and closes it.
func prepared(t *testing.T, path string) error {
	b, err := backend.Open(t.Context(), backend.File(path))
	if err != nil {
		return err
	}
	return errors.Join(b.Prepare(t.Context()), b.Close(context.Background()))
}

// There is time to look at the settings before anything is made.
func TestOpenMakesNoTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	b, err := backend.Open(t.Context(), backend.File(path))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.Background())
	if _, err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 0 || made(t, b) {
		t.Errorf("opened and checked: %v, %v; want an empty file", info, err)
	}
	if err := b.Prepare(t.Context()); err != nil || !made(t, b) {
		t.Errorf("prepare: %v, and there are no tables", err)
	}
}

func TestDatabasesThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		why  string
		make func(path string) error
		says string
	}{
		{"something else", func(path string) error {
			return os.WriteFile(path,
				[]byte(strings.Repeat("no database ", 999)), 0o600)
		}, "not a database"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, "coatcheck.db"},
		{"of a newer program", func(path string) error {
			if err := prepared(t, path); err != nil {
				return err
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				return err
			}
			defer db.Close()
			_, err = db.Exec("UPDATE coatcheck_schema SET version = 999")
			return err
		}, "999"},
	} {
		path := filepath.Join(t.TempDir(), "coatcheck.db")
		if err := tt.make(path); err != nil {
			t.Fatal(err)
		}
		if err := prepared(t, path); err == nil || !strings.Contains(err.Error(), tt.says) ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", tt.why, err, tt.says)
		}
	}
}

func made(t *testing.T, b *backend.Backend) bool {
	t.Helper()
	made, err := b.Made(t.Context())
	if err != nil {
		t.Error(err)
	}
	return made
}
