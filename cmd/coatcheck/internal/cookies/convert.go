package cookies

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"coatcheck.dev/internal/atomicfile"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// A Conversion is from one file to another.
type Conversion struct {
	From, To             string // file names; "-" is Stdin or Stdout
	FromFormat, ToFormat string // names of formats; "" goes by the content of From, and by the name of To

	Options format.Options
	Strict  bool // any loss is an error, and nothing is written

	Stdin  io.Reader
	Stdout io.Writer
	Losses io.Writer // gets a line for each loss, as it is found; nil for none

	Progress io.Writer // a terminal, which is told how far it is if that takes long; nil for none
}

// A Report is what came of a conversion.
type Report struct {
	format.Counts     // of the entries of From; those that To cannot hold are left out
	Cookies       int // in To; of several entries for one cookie the last counts
	Replaced      int // read, and replaced or deleted by a later entry
	Losses        int
}

// ErrStrict says that there were losses where none were wanted.
var ErrStrict = errors.New("something would be lost")

// Run reads From and writes To. With an error nothing is written: To is there as a whole, or as it was before. Only its
// owner may read it. It is an error if From has entries and none of them is left.
func (c *Conversion) Run(ctx context.Context) (Report, error) {
	to, err := c.target()
	if err != nil {
		return Report{}, err
	}
	defer frugal()()
	run := conversion{Conversion: c, pile: newPile(), losses: bufio.NewWriter(c.lossWriter())}
	err = run.read(ctx)
	if err == nil {
		err = run.write(to)
	}
	return run.report, errors.Join(err, run.losses.Flush())
}

// Read returns the cookies of a file of any format that is known by its content, without the expired ones.
func Read(ctx context.Context, file string, o format.Options) (list []jar.Cookie, losses []format.Loss, err error) {
	from := &Conversion{From: file, Options: o}
	run := conversion{Conversion: from, pile: newPile(), losses: bufio.NewWriter(io.Discard)}
	run.keep = func(l format.Loss) { losses = append(losses, l) }
	err = run.read(ctx)
	return slices.Collect(run.pile.all()), losses, err
}

func (c *Conversion) lossWriter() io.Writer {
	if c.Losses == nil {
		return io.Discard
	}
	return c.Losses
}

// target returns the format of To.
func (c *Conversion) target() (to format.Format, err error) {
	to, ok := format.ByName(c.ToFormat)
	if c.ToFormat == "" {
		to, ok = format.ForFile(c.To)
	}
	if !ok {
		return to, fmt.Errorf("the format of %s does not show in its name: say --to-format", c.To)
	}
	if !to.Writable() {
		return to, fmt.Errorf("%s would be in the format %s, which is only read", c.To, to)
	}
	return to.With(c.Options), nil
}

// A conversion is one that runs.
type conversion struct {
	*Conversion
	pile   *pile
	report Report
	losses *bufio.Writer
	keep   func(format.Loss) // is called with each loss, too; nil for nobody
}

func (c *conversion) lose(l format.Loss) {
	c.report.Losses++
	if c.keep != nil {
		c.keep(l)
	}
	c.losses.WriteString(visible.Text(l.String()))
	c.losses.WriteByte('\n')
}

func (c *conversion) read(ctx context.Context) (err error) {
	now := time.Now()
	shown := progress{to: c.Progress, next: now.Add(progressDelay)}
	defer shown.end()
	take := func(cookie jar.Cookie) {
		c.pile.put(&cookie, now)
		shown.count()
	}
	err = c.open(ctx, func(from source) (err error) {
		f := from.format.With(c.Options)
		if from.db != nil {
			c.report.Counts, err = f.ReadDatabase(ctx, from.db, take, c.lose)
		} else {
			c.report.Counts, err = f.Read(from.in, take, c.lose)
		}
		return err
	})
	switch n := c.report.Counts; {
	case err != nil && c.From != "-":
		return fmt.Errorf("%s: %w", c.From, err)
	case err != nil:
		return err
	case n.Read == 0 && n.Expired == 1:
		return fmt.Errorf("%s: %w: its only cookie has expired", c.From, format.ErrNothing)
	case n.Read == 0 && n.Expired > 0 && n.LeftOut == 0:
		return fmt.Errorf("%s: %w: all its %d cookies have expired", c.From, format.ErrNothing, n.Expired)
	case n.Read == 0 && n.Expired > 0:
		return fmt.Errorf("%s: %w: %d cookies have expired, and %d are left out", c.From, format.ErrNothing, n.Expired,
			n.LeftOut)
	}
	return nil
}

// write writes To as a whole or not at all. Cookies that it cannot hold move from the read to the left out ones.
func (c *conversion) write(to format.Format) error {
	fill := func(w io.Writer) error {
		n, err := to.Write(w, c.pile.all(), c.lose)
		if err != nil {
			return err
		}
		c.report.Replaced = c.report.Read - n.Read - n.LeftOut
		c.report.LeftOut += n.LeftOut
		c.report.Read -= n.LeftOut
		c.report.Changed = min(c.report.Changed+n.Changed, c.report.Read)
		c.report.Cookies = n.Read
		switch {
		case c.Strict && c.report.Losses > 0:
			return ErrStrict
		case n.Read == 0 && n.LeftOut > 0:
			return fmt.Errorf("%w: %s can hold none of its cookies", format.ErrNothing, to)
		}
		return nil
	}
	if c.To == "-" {
		var file bytes.Buffer // whole before its first byte goes out
		if err := fill(&file); err != nil {
			return err
		}
		_, err := c.Stdout.Write(file.Bytes())
		return err
	}
	if info, err := os.Stat(c.To); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", c.To)
	}
	if err := atomicfile.ReplaceBy(c.To, fill); err != nil {
		return fmt.Errorf("write %s: %w", c.To, err)
	}
	return nil
}

// Print tells a user in a line what became of the entries.
func (r *Report) Print(w io.Writer) error {
	replaced := ""
	if r.Replaced > 0 {
		replaced = fmt.Sprintf(", replaced: %d", r.Replaced)
	}
	_, err := fmt.Fprintf(w, "cookies: %d (read: %d, changed: %d, left out: %d, expired: %d%s), losses: %d\n",
		r.Cookies, r.Read, r.Changed, r.LeftOut, r.Expired, replaced, r.Losses)
	return err
}
