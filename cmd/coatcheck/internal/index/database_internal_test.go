package index

import (
	"os"
	"path/filepath"
	"testing"
)

// A file that may be read alone cannot follow the store, so that it is of no use either.
func TestReadOnlyFilesAreDamage(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "index.db")
	made := whole(t, path)
	made.close()
	f := connect(path, "wal")
	t.Cleanup(f.close)
	_, err := f.read.ExecContext(ctx, `PRAGMA query_only(0); UPDATE meta SET value = 'no'`)
	if isDamage(err) {
		t.Fatalf("a write is damage: %v", err)
	}
	if _, err := f.read.ExecContext(ctx, `PRAGMA query_only(1); UPDATE meta SET value = 'no'`); !isDamage(err) {
		t.Errorf("a write that is refused is none: %v", err)
	}
}

// What lies beside the file is the program's alone, too, and does not keep it from writing.
func TestFilesBesideTheIndexMayBeWritten(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "index.db")
	made := whole(t, path)
	defer made.close()
	if _, err := made.write.ExecContext(ctx, `UPDATE meta SET value = 'yes' WHERE name = 'whole'`); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(path+end, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	f, err := openTables(ctx, path, "store")
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	for _, end := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(path + end); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path+end, info.Mode(), err)
		}
	}
}

// whole is a database that was made, without a session.
func whole(t *testing.T, path string) *database {
	t.Helper()
	made, err := makeFile(t.Context(), path, "store")
	if err == nil {
		made, err = made.finish(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}
