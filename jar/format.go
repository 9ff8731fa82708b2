package jar

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// A Format is a file format for cookies. The formats are [Native], [Netscape], [Playwright], [CDP] and [HAR]. Databases of
// browsers are read by [Jar.ImportChrome] and [Jar.ImportFirefox].
type Format struct {
	name  string
	exact bool // a cookie that no jar could hold is an error, as whoever wrote the file had a jar
	read  func(data []byte, now time.Time) ([]Cookie, []Loss, error)
	write func(w io.Writer, cookies []Cookie) ([]Loss, error)
}

// Formats returns all formats.
func Formats() []Format { return []Format{Native, Netscape, Playwright, CDP, HAR} }

// FormatByName returns the format of a name: native, netscape, playwright, cdp, har.
func FormatByName(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return strings.EqualFold(f.name, name) })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}

// String returns the format's name.
func (f Format) String() string { return f.name }

// A Loss is something that did not make it from one format to another.
type Loss struct {
	Cookie string // the cookie's name
	Domain string
	What   string // what was lost: the whole cookie, or one of its properties
}

// String returns the loss as a sentence.
func (l Loss) String() string { return fmt.Sprintf("%.64q of %s: %s", l.Cookie, l.Domain, l.What) }

func lossOf(c *Cookie, what string) Loss { return Loss{c.Name, c.Domain, what} }

// MaxImport is how many bytes an imported file may have.
const MaxImport = 64 << 20

// Import adds the cookies of a file. A file that is not wholly in the format is an error that names the place, and nothing of it
// is imported. Cookies that are well written but that no browser would keep are left out and reported.
func (j *Jar) Import(f Format, r io.Reader) ([]Loss, error) {
	data, err := readBounded(r)
	if err != nil {
		return nil, fmt.Errorf("import %s cookies: %w", f.name, err)
	}
	cookies, losses, err := f.read(data, j.now())
	if err != nil {
		return nil, fmt.Errorf("import %s cookies: %w", f.name, err)
	}
	if f.exact {
		if err := j.Add(cookies...); err != nil {
			return nil, fmt.Errorf("import %s cookies: %w", f.name, err)
		}
		return losses, nil
	}
	more, err := j.addKept(cookies)
	return append(losses, more...), err
}

// addKept adds the cookies that a jar can hold and reports the others.
func (j *Jar) addKept(cookies []Cookie) ([]Loss, error) {
	var losses []Loss
	latest := j.now().Add(cookie.MaxLifetime)
	kept := cookies[:0]
	for _, c := range cookies {
		if err := c.check(j.rules); err != nil {
			losses = append(losses, lossOf(&c, "the cookie: no browser would keep it: "+err.Error()))
			continue
		}
		if c.Expires.After(latest) {
			losses = append(losses, lossOf(&c, "that it ends on "+c.Expires.UTC().Format(time.DateOnly)+"; 400 days from now is the most"))
		}
		kept = append(kept, c)
	}
	return losses, j.Add(kept...)
}

// Export writes the cookies that have not expired, and reports what the format cannot hold.
func (j *Jar) Export(f Format, w io.Writer) ([]Loss, error) {
	losses, err := f.write(w, j.All())
	if err != nil {
		return losses, fmt.Errorf("export %s cookies: %w", f.name, err)
	}
	return losses, nil
}

// decodeJSON reads one JSON value and nothing after it; errors name the line.
func decodeJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	err := d.Decode(v)
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", lineAt(data, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: %s has the type %s, where %s is needed", lineAt(data, kind.Offset), cmp.Or(kind.Field, "the file"), kind.Value, needed(kind.Type))
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return fmt.Errorf("line %d: the file ends too early: %w", lineAt(data, int64(len(data))), io.ErrUnexpectedEOF)
	case err != nil:
		return err
	}
	end := d.InputOffset()
	if rest := bytes.TrimSpace(data[end:]); len(rest) > 0 {
		return fmt.Errorf("line %d: the file goes on after its end", lineAt(data, end))
	}
	return nil
}

// needed names a type of Go as JSON knows it.
func needed(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte{'\n'})
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// readDomain turns the dot in front, by which most formats mark cookies that are not host-only, into HostOnly.
func readDomain(c *Cookie, domain string) {
	rest, dot := strings.CutPrefix(domain, ".")
	c.Domain, c.HostOnly = canonicalName(strings.Trim(rest, "[]")), !dot
}

func writeDomain(c *Cookie) string {
	if c.HostOnly {
		return c.Domain
	}
	return "." + c.Domain
}

// readSameSite reads the attribute's value as browsers write it; "" is unset.
func readSameSite(s string) (cookie.SameSite, error) {
	for _, v := range []cookie.SameSite{cookie.SameSiteUnset, cookie.SameSiteLax, cookie.SameSiteStrict, cookie.SameSiteNone} {
		if strings.EqualFold(s, v.String()) {
			return v, nil
		}
	}
	return 0, fmt.Errorf("sameSite is %.64q", s)
}
