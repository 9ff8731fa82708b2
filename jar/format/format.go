package format

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/jar"
)

// A Format is a file format for cookies.
type Format struct {
	name  string
	about string   // a line for people
	sign  string   // what sniff looks for, for people
	files []string // usual names of such files: patterns of package path, compared without case

	sniff    func(head []byte) bool                            // whether a file begins so; nil for a database
	read     func(in *bufio.Reader, o *Options, s *sink) error // of a file; nil for a database, or if only written
	write    func(o *Options) encoder                          // nil if the format is only read
	database *schema                                           // nil for a file

	options Options
}

// All returns all formats. Where the content of a file fits several ones, the first is meant.
func All() []Format {
	return []Format{
		Native, HAR, Playwright, HTTPie, Sessionstore, NetHTTP, Titled, Insomnia, Sites, CDP, PlaywrightCookies,
		Puppeteer, Extension, Selenium, QuickManager, ToughCookie, ToughStore, CookieStore, Pairs, Safari, Pickle,
		HTTPCookie, LWP, Table, Netscape, Blocks, Headers, CookieHeader, Chrome, Firefox, WebKitGTK,
	}
}

// ByName returns the format of a name, in upper or lower case.
func ByName(name string) (f Format, ok bool) {
	return find(func(f Format) bool { return strings.EqualFold(f.name, name) })
}

// ForFile guesses the format from the name of a file that is to be written. Of several matching patterns the longest
// one decides.
func ForFile(name string) (f Format, ok bool) {
	name = strings.ToLower(filepath.Base(name))
	longest := ""
	for _, g := range All() {
		for _, pattern := range g.files {
			if match, _ := path.Match(strings.ToLower(pattern), name); match && len(pattern) > len(longest) {
				f, longest = g, pattern
			}
		}
	}
	return f, longest != ""
}

// Detect returns the format of a file from its first bytes; 64 KiB are enough. A database is told by
// [DetectDatabase].
func Detect(head []byte) (f Format, ok bool) {
	in := newInput(strings.NewReader(string(head)))
	text, _ := in.Peek(headSize)
	if lineEnd(in) == '\r' {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	return find(func(f Format) bool { return f.sniff != nil && f.sniff(text) })
}

// Signs returns what [Detect] and [DetectDatabase] look for, a line for each format.
func Signs() (lines []string) {
	for _, f := range All() {
		if f.sign != "" {
			lines = append(lines, f.name+": "+f.sign)
		}
	}
	return lines
}

func find(match func(Format) bool) (Format, bool) {
	all := All()
	i := slices.IndexFunc(all, match)
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}

// With returns the format with options, in place of those that it had.
func (f Format) With(o Options) Format {
	f.options = o
	return f
}

// String returns the format's name, in lower case.
func (f Format) String() string { return f.name }

// About returns a line about the format and the names of its files, for people.
func (f Format) About() string {
	if len(f.files) == 0 {
		return f.about
	}
	return f.about + ": " + strings.Join(f.files, ", ")
}

// Database reports whether the format is a database: it is read by [Format.ReadDatabase] and [Format.ImportDatabase].
func (f Format) Database() bool { return f.database != nil }

// Readable reports whether the format can be read.
func (f Format) Readable() bool { return f.read != nil || f.database != nil }

// Writable reports whether the format can be written.
func (f Format) Writable() bool { return f.write != nil }

// Read reads a file as a stream, and calls take with each cookie, and lose with each loss. Expired cookies come as
// well, because they delete what came before. An entry that cannot be read is left out, with a loss that names it. The
// error is that of the reader, or [ErrNothing]; what came before it is counted.
func (f Format) Read(r io.Reader, take func(jar.Cookie), lose func(Loss)) (Counts, error) {
	s := f.sink(time.Now, standard.Check, take, lose)
	err := f.readFile(r, s)
	return s.Counts, f.wrap("read", err)
}

// standard checks cookies that are for no jar.
var standard = jar.New(jar.Options{})

func (f Format) sink(now func() time.Time, check func(jar.Cookie) error, take func(jar.Cookie), lose func(Loss)) *sink {
	if f.options.Now != nil {
		now = f.options.Now
	}
	return &sink{now: now(), check: check, take: take, lose: lose}
}

func (f Format) wrap(verb string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s cookies: %w", verb, f.name, err)
	}
	return nil
}

func (f Format) readFile(r io.Reader, s *sink) error {
	switch {
	case f.database != nil:
		return errors.New("this format is a database: use ReadDatabase or ImportDatabase")
	case f.read == nil:
		return errors.New("this format is only written")
	}
	if err := f.read(newInput(r), &f.options, s); err != nil {
		return err
	}
	return s.nothing()
}

// ReadDatabase is Read for a browser's database, opened by the caller. A schema that is too new is an error.
func (f Format) ReadDatabase(ctx context.Context, db *sql.DB, take func(jar.Cookie), lose func(Loss)) (Counts, error) {
	s := f.sink(time.Now, standard.Check, take, lose)
	err := f.readDatabase(ctx, db, s)
	return s.Counts, f.wrap("read", err)
}

func (f Format) readDatabase(ctx context.Context, db *sql.DB, s *sink) error {
	if f.database == nil {
		return errors.New("this format is a file: use Read or Import")
	}
	if err := f.database.read(ctx, db, &f.options, s); err != nil {
		return err
	}
	return s.nothing()
}

// Import adds the cookies of a file to a jar, and reports what was lost, such as entries that could not be read. With
// an error the jar stays as it was, and the report tells how far it came.
func (f Format) Import(j *jar.Jar, r io.Reader) (Report, error) {
	return f.add(j, func(s *sink) error { return f.readFile(r, s) })
}

// ImportDatabase is Import for a browser's database, opened by the caller. A schema that is too new is an error.
func (f Format) ImportDatabase(ctx context.Context, j *jar.Jar, db *sql.DB) (Report, error) {
	return f.add(j, func(s *sink) error { return f.readDatabase(ctx, db, s) })
}

func (f Format) add(j *jar.Jar, read func(*sink) error) (report Report, err error) {
	var cookies []jar.Cookie
	s := f.sink(j.Now, j.Check, func(c jar.Cookie) { cookies = append(cookies, c) },
		func(l Loss) { report.Losses = append(report.Losses, l) })
	err = read(s)
	if err == nil {
		err = j.Add(cookies...)
	}
	report.Counts = s.Counts
	return report, f.wrap("import", err)
}

// Write writes cookies as a stream, and calls lose with each loss. The counts are of the cookies given.
func (f Format) Write(w io.Writer, cookies iter.Seq[jar.Cookie], lose func(Loss)) (Counts, error) {
	if f.write == nil {
		return Counts{}, f.wrap("write", errors.New("this format is only read"))
	}
	n, err := f.write(&f.options)(w, cookies, lose)
	return n, f.wrap("write", err)
}

// Export writes the cookies of a jar, without the expired ones, and reports what was lost.
func (f Format) Export(j *jar.Jar, w io.Writer) (report Report, err error) {
	report.Counts, err = f.Write(w, slices.Values(j.All()), func(l Loss) { report.Losses = append(report.Losses, l) })
	return report, err
}
