package cookies

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"coatcheck.dev/jar"
)

// A Conversion is from one file to another.
type Conversion struct {
	From, To             string // file names; "-" is Stdin or Stdout
	FromFormat, ToFormat string // names of formats; "" goes by the name of the file

	Stdin  io.Reader
	Stdout io.Writer
}

// A Report is what came of a conversion.
type Report struct {
	Cookies int // that were read, have not expired, and were not lost in reading
	Losses  []jar.Loss
}

// Run reads From and writes To. With an error nothing has been written: To is there as a whole, or as it was before. Only its
// owner may read it.
func (c *Conversion) Run(ctx context.Context) (Report, error) {
	read, err := source(c.FromFormat, c.From)
	if err != nil {
		return Report{}, err
	}
	write, err := target(c.ToFormat, c.To)
	if err != nil {
		return Report{}, err
	}
	j := jar.New(jar.Options{Limits: jar.Limits{Bytes: 1 << 30}}) // a file is bounded by jar.MaxImport, so nothing is evicted
	losses, err := read(ctx, j, c)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", c.From, err)
	}
	var file bytes.Buffer
	more, err := j.Export(write, &file)
	if err != nil {
		return Report{}, err
	}
	if err := c.write(file.Bytes()); err != nil {
		return Report{}, err
	}
	return Report{Cookies: len(j.All()), Losses: append(losses, more...)}, nil
}

func (c *Conversion) write(data []byte) (err error) {
	if c.To == "-" {
		_, err := c.Stdout.Write(data)
		return err
	}
	if info, err := os.Stat(c.To); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("write %s: it is no file", c.To) // such as /dev/null, which nobody wants replaced
	}
	// A new file beside the old one takes its place, so that nobody ever sees half of it. It is the owner's alone.
	f, err := os.CreateTemp(filepath.Dir(c.To), ".coatcheck-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", c.To, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", c.To, err)
	}
	if err := os.Rename(f.Name(), c.To); err != nil {
		return fmt.Errorf("write %s: %w", c.To, err)
	}
	return nil
}

// Print tells a user what was lost, a line each, and how many cookies there were.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	for _, loss := range r.Losses {
		fmt.Fprintf(&b, "lost: %s\n", printable(loss.String()))
	}
	fmt.Fprintf(&b, "cookies: %d, losses: %d\n", r.Cookies, len(r.Losses))
	_, err := io.WriteString(w, b.String())
	return err
}

// printable keeps what a server has chosen from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
