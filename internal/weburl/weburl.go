// Package weburl reads URLs as browsers take them (WHATWG URL Standard, section 4.4), into those of net/url. net/url
// refuses much that browsers follow every day: a percent sign that begins no escape, a backslash, a tab, a slash too
// few or too many behind the scheme.
//
// It reads the special schemes, http, https, ws and wss, in this way, and leaves others to net/url. A path with a lone
// percent sign is in RawPath as browsers send it, and in Opaque, so that String and net/http write it so.
package weburl

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// ErrHost says that a URL has no host, or one that no browser would look up.
var ErrHost = errors.New("the URL has no valid host")

// Parse reads an absolute URL.
func Parse(text string) (*url.URL, error) {
	text = clean(text)
	scheme, rest, ok := cutScheme(text)
	if !ok {
		return nil, errors.New("the URL has no scheme")
	}
	if !special(scheme) {
		return url.Parse(text)
	}
	if u, err := url.Parse(text); err == nil && u.Host != "" && u.Opaque == "" && !strings.Contains(text, `\`) &&
		validPort(u.Port()) {
		return u, nil
	}
	main, query, fragment := parts(rest)
	main = strings.TrimLeft(strings.ReplaceAll(main, `\`, "/"), "/")
	authority, path := main, ""
	if i := strings.IndexByte(main, '/'); i >= 0 {
		authority, path = main[:i], main[i:]
	}
	u := &url.URL{Scheme: scheme}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		name, password, has := strings.Cut(authority[:i], ":")
		if u.User = url.User(unescape(name)); has {
			u.User = url.UserPassword(unescape(name), unescape(password))
		}
		authority = authority[i+1:]
	}
	host := strings.ToLower(strings.TrimSuffix(unescape(authority), ":"))
	probe, err := url.Parse("http://" + host)
	if err != nil || probe.Host == "" || probe.Host != host || strings.ContainsAny(host, " <>^|%\"'`{}") ||
		!validPort(probe.Port()) {
		return nil, ErrHost
	}
	u.Host = host
	setPath(u, path)
	return withTail(u, query, fragment), nil
}

// Resolve reads a URL as it stands in a document of base: in a Location header, for one.
func Resolve(base *url.URL, text string) (*url.URL, error) {
	text = clean(text)
	if _, _, ok := cutScheme(text); ok {
		return Parse(text)
	}
	if !special(base.Scheme) {
		return base.Parse(text)
	}
	main, query, fragment := parts(text)
	main = strings.ReplaceAll(main, `\`, "/")
	if strings.HasPrefix(main, "//") {
		return Parse(base.Scheme + ":" + text)
	}
	u := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host}
	switch from := rawPath(base); {
	case main == "" && query == "":
		setPath(u, from)
		u.RawQuery, u.ForceQuery = base.RawQuery, base.ForceQuery
	case main == "":
		setPath(u, from)
	case main[0] == '/':
		setPath(u, main)
	default:
		setPath(u, from[:strings.LastIndexByte(from, '/')+1]+main)
	}
	return withTail(u, query, fragment), nil
}

// rawPath is the path as it is sent.
func rawPath(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// clean takes away what the standard takes away first: white space and control characters at the ends, and tabs and
// line ends anywhere.
func clean(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(text, "\t\n\r") {
		text = strings.Map(func(r rune) rune {
			if r == '\t' || r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, text)
	}
	return text
}

func special(scheme string) bool {
	return scheme == "http" || scheme == "https" || scheme == "ws" || scheme == "wss"
}

func cutScheme(text string) (scheme, rest string, ok bool) {
	i := strings.IndexByte(text, ':')
	if i <= 0 {
		return "", text, false
	}
	for j := range i {
		c := text[j] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (j == 0 || strings.IndexByte("0123456789+-.", text[j]) < 0) {
			return "", text, false
		}
	}
	return strings.ToLower(text[:i]), text[i+1:], true
}

// parts splits the query and the fragment from a URL, with their first character.
func parts(text string) (main, query, fragment string) {
	if i := strings.IndexByte(text, '#'); i >= 0 {
		text, fragment = text[:i], text[i:]
	}
	if i := strings.IndexByte(text, '?'); i >= 0 {
		text, query = text[:i], text[i:]
	}
	return text, query, fragment
}

func withTail(u *url.URL, query, fragment string) *url.URL {
	if query != "" {
		u.RawQuery, u.ForceQuery = escape(query[1:], " \"<>'"), query == "?"
	}
	if fragment != "" {
		u.Fragment = unescape(fragment[1:])
	}
	return u
}

// setPath sets the path without dot segments. RawPath is as it is sent; if a lone percent sign is in it, the methods of
// net/url do without it.
func setPath(u *url.URL, path string) {
	path = escape(withoutDots(path), " \"<>`{}^")
	u.Path, u.RawPath = unescape(path), path
	switch u.EscapedPath() {
	case u.RawPath:
		if path == (&url.URL{Path: u.Path}).EscapedPath() {
			u.RawPath = ""
		}
	default: // net/url has no other way to send it
		u.Opaque = "//" + u.Host + path
	}
}

// withoutDots resolves the dot segments of a path, also where their dots are escaped.
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// escape encodes control characters, those of the set, and what is not ASCII.
func escape(text, set string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c > ' ' && c < 0x7f && strings.IndexByte(set, c) < 0 {
			b.WriteByte(c)
		} else {
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// unescape decodes the escapes of a text, and leaves a percent sign that begins none.
func unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, text[i])
	}
	return string(b)
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n <= 65535
}
