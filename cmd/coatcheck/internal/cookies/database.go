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
)

// fromDatabase reads a copy: a browser that runs keeps its database locked, and SQLite would write beside the original. What SQLite
// has beside it is copied, too, because the latest changes may be there alone.
func fromDatabase(read func(*jar.Jar, context.Context, *sql.DB) ([]jar.Loss, error)) reader {
	return func(ctx context.Context, j *jar.Jar, c *Conversion) (losses []jar.Loss, err error) {
		if c.From == "-" {
			return nil, errors.New("a database is not read from standard input")
		}
		folder, err := os.MkdirTemp("", "coatcheck-")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
		file := filepath.Join(folder, "copy")
		if err := duplicate(c.From, file); err != nil {
			return nil, err
		}
		for _, beside := range []string{"-wal", "-journal"} {
			if err := duplicate(c.From+beside, file+beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		db, err := sql.Open("sqlite", file)
		if err != nil {
			return nil, err
		}
		defer db.Close()
		return read(j, ctx, db)
	}
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
	n, err := io.Copy(out, io.LimitReader(in, jar.MaxImport+1))
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil && n > jar.MaxImport {
		err = fmt.Errorf("%s has more than %d bytes", from, jar.MaxImport)
	}
	return err
}
