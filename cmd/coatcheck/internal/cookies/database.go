package cookies

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// importDatabase reads a copy, because a running browser locks its database, and SQLite would write beside the
// original. The files that SQLite keeps beside it are copied too: the latest changes may be there alone.
func importDatabase(
	ctx context.Context, from format.Format, j *jar.Jar, name string,
) (losses []format.Loss, err error) {
	if name == "-" {
		return nil, errors.New("a database is not read from standard input")
	}
	folder, err := os.MkdirTemp("", "coatcheck-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "copy")
	if err := duplicate(name, file); err != nil {
		return nil, err
	}
	for _, beside := range []string{"-wal", "-journal"} {
		if err := duplicate(name+beside, file+beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return from.ImportDatabase(ctx, j, db)
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
	n, err := io.Copy(out, io.LimitReader(in, format.MaxImport+1))
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil && n > format.MaxImport {
		err = fmt.Errorf("%s has more than %d bytes", from, format.MaxImport)
	}
	return err
}
