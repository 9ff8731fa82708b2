package cookies

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
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
	Losses  []format.Loss
}

// Run reads From and writes To. With an error nothing is written: To is there as a whole, or as it was before. Only its
// owner may read it.
func (c *Conversion) Run(ctx context.Context) (Report, error) {
	from, err := formatOf(c.From, c.FromFormat, "--from-format")
	if err != nil {
		return Report{}, err
	}
	to, err := formatOf(c.To, c.ToFormat, "--to-format")
	if err != nil {
		return Report{}, err
	}
	if !to.Writable() {
		return Report{}, fmt.Errorf("%s would be in the format %s, which is only read", c.To, to)
	}
	j := jar.New(jar.Options{Limits: jar.Limits{Bytes: 1 << 30}}) // no file is as large, so nothing is evicted
	losses, err := c.read(ctx, from, j)
	if err != nil {
		return Report{}, err
	}
	more, err := c.write(to, j)
	if err != nil {
		return Report{}, err
	}
	return Report{Cookies: len(j.All()), Losses: append(losses, more...)}, nil
}

// Read returns the cookies of a file, in the format that its name shows, without the expired ones.
func Read(ctx context.Context, file string) ([]jar.Cookie, []format.Loss, error) {
	from, err := formatOf(file, "", "a name that ends as those of the format do")
	if err != nil {
		return nil, nil, err
	}
	j := jar.New(jar.Options{Limits: jar.Limits{Bytes: 1 << 30}})
	losses, err := (&Conversion{From: file}).read(ctx, from, j)
	return j.All(), losses, err
}

// formatOf returns the format of a name, or without one the format that a file name shows.
func formatOf(file, name, flag string) (f format.Format, err error) {
	f, ok := format.ByName(name)
	if name == "" {
		f, ok = format.ForFile(file)
	}
	if !ok {
		return f, fmt.Errorf("the format of %s does not show in its name: say %s", file, flag)
	}
	return f, nil
}

func (c *Conversion) read(ctx context.Context, from format.Format, j *jar.Jar) ([]format.Loss, error) {
	switch {
	case from.Database():
		losses, err := importDatabase(ctx, from, j, c.From)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.From, err)
		}
		return losses, nil
	case c.From == "-":
		return from.Import(j, c.Stdin)
	}
	return from.Load(j, c.From)
}

func (c *Conversion) write(to format.Format, j *jar.Jar) ([]format.Loss, error) {
	if c.To != "-" {
		return to.Save(j, c.To)
	}
	var file bytes.Buffer // whole before its first byte goes out
	losses, err := to.Export(j, &file)
	if err == nil {
		_, err = c.Stdout.Write(file.Bytes())
	}
	return losses, err
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
