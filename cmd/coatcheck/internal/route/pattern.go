package route

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A Pattern says which requests a route is for, as a pattern of [http.ServeMux] does: "/static/" for all below that
// folder, "/about" for one page, "/{$}" for the home page alone, "GET /api/{id}", "/files/{rest...}". It has no host,
// because a site has those. GET is HEAD as well.
type Pattern struct {
	text     string
	method   string // "" is any
	segments []string
	rest     bool // whatever follows
	loose    []string
}

// wildcard stands in Pattern.segments for exactly one segment, whatever it is.
const wildcard = "\x00"

// ParsePattern reads a pattern.
func ParsePattern(text string) (p Pattern, err error) {
	const example = "; write one such as /static/ or GET /account"
	method, path := "", text
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		method, path = text[:i], strings.TrimLeft(text[i:], " \t")
	}
	switch {
	case len(text) > maxPattern:
		return p, fmt.Errorf("a pattern has at most %d bytes", maxPattern)
	case text == "":
		return p, errors.New("it is empty" + example)
	case !strings.HasPrefix(path, "/") && strings.Contains(path, "/"):
		return p, fmt.Errorf("%.100q names a host, but a route belongs to its site; write the path alone, as %q", text,
			path[strings.IndexByte(path, '/'):])
	case !strings.HasPrefix(path, "/"):
		return p, fmt.Errorf("%.100q is no path%s", text, example)
	case strings.Contains(path, "//"):
		return p, fmt.Errorf("%.100q has two slashes in a row, and apps disagree on what that is; write one", text)
	case strings.Contains(path, "*"):
		return p, fmt.Errorf("%.100q has an asterisk, which stands for itself alone; write a slash at the end for all "+
			"below, {name} for one segment, {name...} for the rest, or %%2A for an asterisk", text)
	case slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return p, fmt.Errorf("%.100q has a segment of dots, which no browser sends; write the path that is meant", text)
	case strings.ContainsAny(path, "?#"):
		return p, fmt.Errorf("%.100q has a query, and a pattern is of the path alone; leave out what follows the "+
			"%q", text,
			path[strings.IndexAny(path, "?#"):][:1])
	case method != strings.ToUpper(method):
		return p, fmt.Errorf("%.100q: methods are in capital letters; write %q", text, strings.ToUpper(method)+" "+path)
	}
	if err := syntax(text); err != nil {
		return p, err
	}
	p = Pattern{text: text, method: method}
	return p, p.split(path)
}

const maxPattern = 1000

// syntax asks the standard library whether it takes the text for a pattern.
func syntax(text string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			why := fmt.Sprint(v)
			if i := strings.LastIndex(why, ": "); i >= 0 {
				why = why[i+2:]
			}
			err = fmt.Errorf("%.100q is no pattern (%s); write one such as /static/ or GET /account/{id}", text, why)
		}
	}()
	http.NewServeMux().Handle(text, http.NotFoundHandler())
	return nil
}

// split takes the path of a pattern apart.
func (p *Pattern) split(path string) error {
	for segment := range strings.SplitSeq(path[1:], "/") {
		switch {
		case segment == "{$}":
			segment = ""
		case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "...}"):
			p.rest = true
			return nil
		case strings.HasPrefix(segment, "{"):
			segment = wildcard
		default:
			plain, err := url.PathUnescape(segment)
			switch {
			case err != nil:
				return fmt.Errorf("%.100q has a percent sign without two hexadecimal digits; write %%25 for one",
					p.text)
			case strings.ContainsAny(plain, "/\x00"):
				return fmt.Errorf("%.100q has a slash or NUL that is encoded, and apps disagree on what that is; "+
					"leave it out",
					p.text)
			}
			segment = plain
		}
		p.segments = append(p.segments, segment)
		p.loose = append(p.loose, strings.ToLower(segment))
	}
	if last := len(p.segments) - 1; p.segments[last] == "" && !strings.HasSuffix(path, "{$}") {
		p.segments, p.loose, p.rest = p.segments[:last], p.loose[:last], true
	}
	return nil
}

// String returns the text that was parsed.
func (p Pattern) String() string { return p.text }

// UnmarshalText is ParsePattern.
func (p *Pattern) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePattern(string(text))
	return err
}

// MarshalText returns the text that was parsed.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// Matches reports whether the pattern is for a method and a path.
func (p Pattern) Matches(method, path string) bool { return p.matches(method, path, false) }

// matches reports whether the pattern is for a method and a path. With anySlash, a final slash of either counts for
// nothing.
func (p *Pattern) matches(method, path string, anySlash bool) bool {
	return p.takes(method) && matchPath(p.segments, p.rest, path, anySlash)
}

// matchesLoosely is matches for a path in lower case.
func (p *Pattern) matchesLoosely(method, path string, anySlash bool) bool {
	return p.takes(method) && matchPath(p.loose, p.rest, path, anySlash)
}

func (p *Pattern) takes(method string) bool {
	return p.method == "" || p.method == method || p.method == http.MethodGet && method == http.MethodHead
}

func matchPath(segments []string, rest bool, path string, anySlash bool) bool {
	path = strings.TrimPrefix(path, "/")
	more := true
	for i, want := range segments {
		if !more {
			return anySlash && want == "" && i == len(segments)-1 && !rest
		}
		var segment string
		segment, path, more = strings.Cut(path, "/")
		if want != segment && (want != wildcard || segment == "") {
			return false
		}
	}
	if rest {
		return more || anySlash
	}
	return !more || anySlash && path == ""
}

// Covers reports whether every request that other is for is one of this pattern's, too.
func (p Pattern) Covers(other Pattern) bool {
	if p.method != "" && !(other.method != "" && p.takes(other.method)) {
		return false
	}
	for i, want := range p.segments {
		if i >= len(other.segments) || want != other.segments[i] && (want != wildcard || other.segments[i] == "") {
			return false
		}
	}
	if p.rest {
		return len(other.segments) > len(p.segments) || other.rest
	}
	return len(other.segments) == len(p.segments) && !other.rest
}
