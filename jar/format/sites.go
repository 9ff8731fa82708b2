package format

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"coatcheck.dev/jar"
)

// Sites is what exporters write that go from page to page: {"url": …, "cookies": […]}, or an array of these. Cookies
// without a domain belong to the host of the URL. In place of an array of cookies there may be one of Set-Cookie lines,
// an object of names and values, or the value of a Cookie header. An object of hosts is one of such pages, too:
// {"shop.example": {"a": "1"}}. The array may be further inside, such as that of contexts.
var Sites = Format{
	name: "sites", about: "an array of pages, each with its cookies, only read",
	sign: `a JSON array of objects with "cookies", or an object with "url" and "cookies"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		if h.array {
			return holdsList(h.entry["cookies"]) && !h.has("name")
		}
		return h.hosts() || h.site() || h.sites && !h.entrys
	}),
	read: readSites,
}

// holdsList reports whether a value that begins so may have cookies in it.
func holdsList(first byte) bool { return first == '[' || first == '{' || first == '"' }

func readSites(in *bufio.Reader, o *Options, s *sink) error {
	site := func(at place, raw []byte) { readSite(at, raw, o, s) }
	head, _ := in.Peek(headSize)
	switch h, ok := readHead(head); {
	case ok && h.hosts():
		return readHosts(in, o, s)
	case ok && h.site():
		return readSingle(in, s, site)
	}
	shape := jsonShape{entry: site, any: true, sites: true}
	return shape.walk(in, s)
}

// site reports whether the file is one page. Without its URL, only names and values tell cookies from other things.
func (h *jsonHead) site() bool {
	cookies := h.keys["cookies"]
	return !h.array && h.keys["name"] == 0 && (h.keys["url"] == '"' && holdsList(cookies) || cookies == '{' && h.pairs)
}

// hosts reports whether the file is an object of hosts, each with an object of names and values. Files with cookies
// further inside are others.
func (h *jsonHead) hosts() bool {
	if h.inside || !h.pairs {
		return false
	}
	for key, b := range h.keys {
		if b == '{' && hostURL(key) != nil {
			return true
		}
	}
	return false
}

// hostURL is the URL of a key that is a host, perhaps with a dot before it, or an origin; nil for any other key.
func hostURL(key string) *url.URL {
	if !strings.Contains(key, "://") {
		if !strings.Contains(key, ".") && key != "localhost" {
			return nil
		}
		key = "https://" + strings.TrimPrefix(key, ".")
	}
	u := parseAbsolute(key)
	if u == nil || jar.CanonicalHost(u.Hostname()) == "" {
		return nil
	}
	return u
}

// readHosts reads an object of hosts.
func readHosts(in *bufio.Reader, o *Options, s *sink) error {
	scan := newScanner(in)
	if _, err := scan.peek(); err != nil {
		return err
	}
	n := 0
	err := scan.members(func(host string) error {
		u := hostURL(host)
		if b, err := scan.peek(); err != nil || u == nil || b != '{' {
			s.leaveOut(place{unit: "line", n: scan.line}, nil, "it is no host with its cookies")
			return cmp.Or(err, scan.skip())
		}
		return scan.members(func(name string) error {
			n++
			at := place{unit: "line", n: scan.line, rest: fmt.Sprintf(", cookie %d", n)}
			raw, err := scan.value()
			if err == errTooLarge {
				s.leaveOut(at, &jar.Cookie{Name: name}, err.Error())
				return nil
			}
			readNamed(at, name, raw, o.at(u), s)
			return err
		})
	})
	return scan.end(err, s, nil)
}

// readSite reads a page with its cookies.
func readSite(at place, raw []byte, o *Options, s *sink) {
	if len(raw) == 0 || raw[0] != '{' {
		s.leaveOut(at, nil, "it is no object with a page and its cookies")
		return
	}
	var (
		of      = *o
		cookies []byte
		scan    = newScanner(bufio.NewReader(bytes.NewReader(raw)))
	)
	err := scan.members(func(key string) error {
		value, err := scan.value()
		switch key {
		case "url", "origin", "domain", "host":
			of.URL = cmp.Or(siteURL(value), of.URL)
		case "cookies":
			cookies = bytes.Clone(value)
		case "origins":
			loseOrigins(at, value, s)
		}
		return err
	})
	n := s.Entries()
	readSiteCookies(at, cookies, &of, s)
	switch {
	case err != nil:
		s.note(at, "what comes after: the file ends too early, or is no JSON")
	case n == s.Entries() && !bytes.Equal(cookies, []byte("[]")) && !bytes.Equal(cookies, []byte("{}")):
		s.leaveOut(at, nil, "there are no cookies in it")
	}
}

// siteURL reads the URL of a page or its host, nil if it is neither.
func siteURL(raw []byte) *url.URL {
	var text string
	if json.Unmarshal(raw, &text) != nil || text == "" {
		return nil
	}
	return cmp.Or(parseAbsolute(text), hostURL(text))
}

// readSiteCookies reads the cookies of a page, in any of their shapes.
func readSiteCookies(at place, raw []byte, o *Options, s *sink) {
	if len(raw) == 0 {
		return
	}
	scan := newScanner(bufio.NewReader(bytes.NewReader(raw)))
	k := 0
	switch raw[0] {
	case '[':
		scan.elements(func(n int) error {
			value, err := scan.value()
			readSiteCookie(at.in("cookie", n), value, o, s)
			return err
		})
	case '{':
		scan.members(func(name string) error {
			k++
			value, err := scan.value()
			readNamed(at.in("cookie", k), name, value, o, s)
			return err
		})
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			s.leaveOut(at, nil, "its cookies are no string of JSON")
			return
		}
		readSentPairs(at, text, o, s)
	}
}

// readSiteCookie reads a cookie of an array: an object, or a Set-Cookie line.
func readSiteCookie(at place, raw []byte, o *Options, s *sink) {
	var line string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &line) != nil {
		readRecord(at, raw, o, s, nil)
		return
	}
	if o.URL == nil {
		s.leaveOut(at, nil, errNoURL.Error())
		return
	}
	s.setCookie(at, line, o.URL)
}
