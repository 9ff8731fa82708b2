package format

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// MaxImport is the largest size of an imported file, in bytes.
const MaxImport = 64 << 20

// A Format is a file format for cookies.
type Format struct {
	name  string
	about string   // a line for people
	files []string // usual names of such files: patterns of package path, compared without case
	exact bool     // written from a jar, so a cookie that no jar could hold is an error

	read     func(data []byte, now time.Time) ([]jar.Cookie, []Loss, error) // of a file; nil for a database
	write    func(io.Writer, []jar.Cookie) ([]Loss, error)                  // nil if the format is only read
	database *schema                                                        // nil for a file
}

// All returns all formats.
func All() []Format { return []Format{Native, Netscape, Playwright, CDP, HAR, Chrome, Firefox} }

// ByName returns the format of a name, in upper or lower case.
func ByName(name string) (f Format, ok bool) {
	return find(func(f Format) bool { return strings.EqualFold(f.name, name) })
}

// ForFile guesses the format from the name of a file. Of several matching patterns the longest one decides.
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

func find(match func(Format) bool) (Format, bool) {
	all := All()
	i := slices.IndexFunc(all, match)
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}

// String returns the format's name, in lower case.
func (f Format) String() string { return f.name }

// About returns a line about the format and the names of its files, for people.
func (f Format) About() string { return f.about + ": " + strings.Join(f.files, ", ") }

// Database reports whether the format is a database: it is read by [Format.ImportDatabase] and not by Import or Load.
func (f Format) Database() bool { return f.database != nil }

// Writable reports whether the format can be written.
func (f Format) Writable() bool { return f.write != nil }

// Import adds the cookies of a file to a jar: all of them, or with an error none. It reports what was lost, such as
// cookies for no browser.
func (f Format) Import(j *jar.Jar, r io.Reader) ([]Loss, error) {
	return f.add(j, func() ([]jar.Cookie, []Loss, error) {
		if f.read == nil {
			return nil, nil, errors.New("this format is a database: use ImportDatabase")
		}
		data, err := readAll(r)
		if err != nil {
			return nil, nil, err
		}
		return f.read(data, j.Now())
	})
}

// ImportDatabase is Import for a browser's database, opened by the caller. A schema that is too new is an error, and
// so is a row with values of wrong types.
func (f Format) ImportDatabase(ctx context.Context, j *jar.Jar, db *sql.DB) ([]Loss, error) {
	return f.add(j, func() ([]jar.Cookie, []Loss, error) {
		if f.database == nil {
			return nil, nil, errors.New("this format is a file: use Import")
		}
		return f.database.read(ctx, db)
	})
}

func (f Format) add(j *jar.Jar, read func() ([]jar.Cookie, []Loss, error)) ([]Loss, error) {
	cookies, losses, err := read()
	if err == nil && !f.exact {
		cookies, losses = kept(j, cookies, losses)
	}
	if err == nil {
		err = j.Add(cookies...)
	}
	if err != nil {
		return nil, fmt.Errorf("import %s cookies: %w", f.name, err)
	}
	return losses, nil
}

// kept returns the cookies that fit into a jar, and adds the others to the losses.
func kept(j *jar.Jar, cookies []jar.Cookie, losses []Loss) ([]jar.Cookie, []Loss) {
	latest := j.Now().Add(cookie.MaxLifetime)
	kept := cookies[:0]
	for _, c := range cookies {
		if err := j.Check(c); err != nil {
			losses = append(losses, lossOf(&c, "the cookie: no browser would keep it: "+err.Error()))
			continue
		}
		if c.Expires.After(latest) {
			losses = append(losses, lossOf(&c, "its expiry on "+c.Expires.UTC().Format(time.DateOnly)+
				": browsers keep a cookie for at most 400 days"))
		}
		kept = append(kept, c)
	}
	return kept, losses
}

// Export writes the cookies of a jar, without the expired ones, and reports what was lost.
func (f Format) Export(j *jar.Jar, w io.Writer) ([]Loss, error) {
	if f.write == nil {
		return nil, fmt.Errorf("export %s cookies: this format is only read", f.name)
	}
	losses, err := f.write(w, j.All())
	if err != nil {
		return losses, fmt.Errorf("export %s cookies: %w", f.name, err)
	}
	return losses, nil
}

// readAll reads a file of at most MaxImport bytes.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxImport+1))
	if err == nil && len(data) > MaxImport {
		err = fmt.Errorf("more than %d bytes", MaxImport)
	}
	return data, err
}
