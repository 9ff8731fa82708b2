package cookies

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"
)

// maxDatabase is how many bytes of a browser's database are copied at most.
const maxDatabase = 4 << 30

// withCopy calls use with a copy of a database, because a running browser locks it, and SQLite would write beside the
// original. The files that SQLite keeps beside it are copied too: the latest changes may be there alone.
func withCopy(name string, use func(*sql.DB) error) (err error) {
	folder, err := os.MkdirTemp("", "coatcheck-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "copy")
	if err := duplicate(name, file); err != nil {
		return err
	}
	for _, beside := range []string{"-wal", "-journal"} {
		if err := duplicate(name+beside, file+beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	return use(db)
}

func duplicate(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, maxDatabase+1))
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil && n > maxDatabase {
		err = fmt.Errorf("%s has more than %d bytes", from, maxDatabase)
	}
	return err
}
