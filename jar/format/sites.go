package format

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
)

// Sites is what exporters write that go from page to page: {"url": …, "cookies": […]}, or an array of these. Cookies
// without a domain belong to the host of the URL. In place of an array of cookies there may be one of Set-Cookie lines,
// an object of names and values, or the value of a Cookie header.
var Sites = Format{
	name: "sites", about: "an array of pages, each with its cookies, only read",
	sign: `a JSON array of objects with "cookies", or an object with "url" and "cookies"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		if h.array {
			return holdsList(h.entry["cookies"]) && !h.has("name")
		}
		return h.keys["url"] == '"' && holdsList(h.keys["cookies"]) && h.keys["name"] == 0
	}),
	read: readSites,
}

// holdsList reports whether a value that begins so may have cookies in it.
func holdsList(first byte) bool { return first == '[' || first == '{' || first == '"' }

func readSites(in *bufio.Reader, o *Options, s *sink) error {
	site := func(at place, raw []byte) { readSite(at, raw, o, s) }
	head, _ := in.Peek(headSize)
	if h, ok := readHead(head); ok && !h.array {
		return readSingle(in, s, site)
	}
	shape := jsonShape{entry: site}
	return shape.walk(in, s)
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
		case "url", "origin":
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

// siteURL reads the URL of a page, nil if it is none.
func siteURL(raw []byte) *url.URL {
	var text string
	if json.Unmarshal(raw, &text) != nil || text == "" {
		return nil
	}
	return parseAbsolute(text)
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
