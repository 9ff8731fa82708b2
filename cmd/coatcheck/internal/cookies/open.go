package cookies

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"coatcheck.dev/jar/format"
)

// headSize is how many bytes of a file show its format.
const headSize = 64 << 10

var sqliteHead = []byte("SQLite format 3\x00")

// A source is a file that is open, with its format: a stream or a database.
type source struct {
	format format.Format
	in     io.Reader
	db     *sql.DB
}

// open opens From, finds its format, and calls use with it.
func (c *Conversion) open(ctx context.Context, use func(source) error) error {
	from, named := format.ByName(c.FromFormat)
	if c.FromFormat != "" && !named {
		return fmt.Errorf("%q is no format", c.FromFormat)
	}
	if named && !from.Readable() {
		return fmt.Errorf("the format %s is only written", from)
	}
	in := c.Stdin
	if c.From != "-" {
		file, err := os.Open(c.From)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	buffered := bufio.NewReaderSize(in, headSize)
	head, err := buffered.Peek(headSize)
	switch {
	case err != nil && err != io.EOF:
		return err
	case bytes.HasPrefix(head, sqliteHead) && (!named || from.Database()), named && from.Database():
		return c.openDatabase(ctx, from, named, use)
	case bytes.HasPrefix(head, mozLZ4Head):
		if buffered, head, err = decompress(buffered); err != nil {
			return err
		}
	case len(bytes.TrimSpace(head)) == 0:
		return fmt.Errorf("%w: the file is empty", format.ErrNothing)
	}
	if !named {
		if from, named = format.Detect(head); !named {
			return unknown(head)
		}
	}
	return use(source{format: from, in: buffered})
}

func (c *Conversion) openDatabase(ctx context.Context, from format.Format, named bool, use func(source) error) error {
	if c.From == "-" {
		return errors.New("a database is not read from standard input")
	}
	return withCopy(c.From, func(db *sql.DB) (err error) {
		if !named {
			if from, err = format.DetectDatabase(ctx, db); err != nil {
				return errors.Join(err, unknown(sqliteHead))
			}
		}
		return use(source{format: from, db: db})
	})
}

// unknown says what was looked for.
func unknown(head []byte) error {
	what := "it is none of the files that are known"
	switch text := bytes.ToLower(bytes.TrimSpace(head)); {
	case bytes.HasPrefix(text, []byte("<")):
		what = "it is a page of HTML or XML, and no file of cookies"
	case bytes.HasPrefix(text, []byte("pk\x03\x04")):
		what = "it is a zip archive, and no file of cookies"
	}
	return fmt.Errorf("%s; name its format to coatcheck cookies convert --from-format, or give a file that is one of "+
		"these: %s", what,
		strings.Join(format.Signs(), "; "))
}
