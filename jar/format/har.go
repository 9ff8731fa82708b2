package format

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// HAR is the HTTP archive, version 1.2. It is read as a stream, response by response: bodies take no memory. Set-Cookie
// headers are taken as a jar by the standard would take them, at their time and in their context ([ReadArchive]);
// refused lines are left out. A response without such headers has the cookies of its list; one without a domain
// belongs to the request's host.
//
// Cookies that requests have sent and no response has set are read, too: an archive of a session that was signed in
// before has no others. Without more in the list of the request they count as cookies of that host, for all paths,
// until the session ends.
//
// It is written as an archive of one response with all cookies. Priority, the times of creation and last access, and
// partitioned cookies are lost.
var HAR = Format{
	name: "har", about: "an HTTP archive", files: []string{"*.har"},
	sign:  `a JSON object with "log"`,
	sniff: sniffJSON(func(h *jsonHead) bool { return h.keys["log"] == '{' }),
	read:  readHAR, write: func(*Options) encoder { return writeHAR },
}

// stripped is why an archive has no cookies, nearly always.
const stripped = "no response in the archive sets a cookie, and no request sends one; " +
	"browsers leave cookies out of an archive unless they are asked to export sensitive data"

type harEntry struct {
	Started string `json:"startedDateTime"`
	Request struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers harHeaders        `json:"headers"`
		Cookies []json.RawMessage `json:"cookies"`
	} `json:"request"`
	Response     harResponse `json:"response"`
	Page         string      `json:"pageref"`
	ResourceType string      `json:"_resourceType"` // Chromium's
}

type harResponse struct {
	Status      float64           `json:"status"` // some programs write 200.0
	Cookies     []json.RawMessage `json:"cookies"`
	Headers     harHeaders        `json:"headers"`
	RedirectURL string            `json:"redirectURL"`
}

type harCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"` // ISO 8601
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
	SameSite string `json:"sameSite,omitempty"`
}

// harArchive is an archive of one response. It goes on with the list of cookies and harEnd.
const (
	harArchive = `{"log": {"version": "1.2", "creator": {"name": "coatcheck", "version": "1"}, "entries": [{
  "startedDateTime": "1970-01-01T00:00:00Z", "time": 0,
  "request": {"method": "GET", "url": "about:blank", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
    "queryString": [], "headersSize": -1, "bodySize": -1},
  "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [],
    "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": -1, "cookies": [`
	harEnd = `  ]},
  "cache": {}, "timings": {"send": 0, "wait": 0, "receive": 0}}]}}
`
)

func writeHAR(w io.Writer, cookies iter.Seq[jar.Cookie], lose func(Loss)) (Counts, error) {
	return jsonList(harArchive, harEnd, toHAR)(w, cookies, lose)
}

func toHAR(c *jar.Cookie, lose func(what string)) (harCookie, string) {
	h := harCookie{
		Name: c.Name, Value: c.Value, Path: c.Path, Domain: writeDomain(c),
		HTTPOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite.String(),
	}
	if c.Partition != (jar.Partition{}) {
		return h, "it is partitioned"
	}
	losePriority(c, lose)
	if !c.Session() {
		h.Expires = c.Expires.UTC().Format(time.RFC3339Nano)
	}
	return h, unfit(c)
}

// A harReader takes the cookies out of an archive.
type harReader struct {
	*sink
	sent sentCookies
}

func readHAR(in *bufio.Reader, _ *Options, s *sink) error {
	h := harReader{sink: s, sent: newSentCookies()}
	err := eachEntry(in, s, harUnread, func(at place, e *harEntry, x *Exchange) {
		h.response(at, e, x)
		if x.Request.URL.Hostname() != "" { // not data: and its kin
			h.sent.request(at, e, x)
		}
	})
	if err != nil {
		return err
	}
	h.sent.each(func(c *sentCookie) { s.add(c.at, &c.Cookie, c.changes...) })
	if s.Entries() == 0 {
		return fmt.Errorf("%w: %s", ErrNothing, stripped)
	}
	return nil
}

// response takes the cookies that a response sets: those of its headers, and what is listed beside them, because some
// programs keep one header of a name.
func (h *harReader) response(at place, e *harEntry, x *Exchange) {
	when := cmp.Or(x.At, h.now)
	var names []string
	for i, header := range x.SetCookie {
		for line, changes := range unfold(header) {
			names = append(names, h.line(at.in("Set-Cookie", i+1), line, changes, x, when))
		}
	}
	if len(names) >= len(e.Response.Cookies) {
		return
	}
	for i, raw := range e.Response.Cookies {
		at := at.in("listed cookie", i+1)
		c, changes, err := listedCookie(raw, x.Request.URL)
		if slices.Contains(names, c.Name) {
			continue
		}
		if err != nil {
			h.leaveOut(at, &c, oneLine(err))
			continue
		}
		h.sent.covered(&c)
		h.add(at, &c, changes...)
	}
}

// line takes the cookie of a Set-Cookie line, and returns its name.
func (h *harReader) line(at place, line string, changes []string, x *Exchange, when time.Time) (name string) {
	p := cookie.Parse(line)
	c, why := jar.Spec.Decide(&p, &x.Request, when)
	if why.Excluded() {
		h.leaveOut(at, &c, "a browser refuses it: "+why.Exclusions().String())
		return c.Name
	}
	h.sent.covered(&c)
	if x.At.IsZero() && !c.Expires.IsZero() {
		changes = append(changes, "its startedDateTime is no time: its lifetime is counted from now")
	}
	h.add(at, &c, changes...)
	return c.Name
}

// listedCookie reads a cookie of a list. What it does not say is that of a bare line for the URL.
func listedCookie(raw []byte, u *url.URL) (c jar.Cookie, changes []string, err error) {
	r, err := parseRecord(raw)
	if err != nil {
		return c, nil, err
	}
	c = r.cookie(&Options{URL: u})
	if r.text("path") == "" {
		c.Path = defaultPath(u)
	}
	return c, r.odd, errors.Join(r.wrong...)
}

// sentCookies are cookies that requests have carried.
type sentCookies struct {
	list  []sentCookie
	index map[sentKey]int
	set   map[string][]string // the domains for which a name was set or deleted by a response
}

func newSentCookies() sentCookies {
	return sentCookies{index: map[sentKey]int{}, set: map[string][]string{}}
}

type sentKey struct{ host, name, path string }

type sentCookie struct {
	jar.Cookie
	at      place
	changes []string
	host    string
}

const guessed = "it is known from a request alone: taken as a cookie of this host, for all paths, of the session"

// covered notes that a response tells all of a cookie.
func (s *sentCookies) covered(c *jar.Cookie) { s.set[c.Name] = append(s.set[c.Name], c.Domain) }

// request takes the cookies that a request carries: of its list, or else of its header.
func (s *sentCookies) request(at place, e *harEntry, x *Exchange) {
	host := jar.CanonicalHost(x.Request.URL.Hostname())
	listed := map[string]bool{}
	for i, raw := range e.Request.Cookies {
		r, err := parseRecord(raw)
		if err != nil {
			continue // the header has it
		}
		at := at.in("sent cookie", i+1)
		c := r.cookie(&Options{URL: x.Request.URL})
		if len(r.wrong) > 0 {
			continue
		}
		listed[c.Name] = true
		sent := sentCookie{Cookie: c, at: at, host: host, changes: r.odd}
		if r.text("domain") == "" {
			sent.guess(x.Request.URL)
		}
		s.note(sent)
	}
	at.rest += ", Cookie header"
	s.header(at, header(e.Request.Headers, "Cookie"), x.Request.URL, listed)
}

// header takes the cookies of a Cookie header, without those that are known from elsewhere.
func (s *sentCookies) header(at place, value string, u *url.URL, known map[string]bool) {
	for pair := range strings.SplitSeq(value, ";") {
		name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !ok {
			name, value = "", name
		}
		if name == "" && value == "" || known[name] {
			continue
		}
		sent := sentCookie{Cookie: jar.Cookie{Name: name, Value: value}, at: at, host: jar.CanonicalHost(u.Hostname())}
		sent.guess(u)
		s.note(sent)
	}
}

// guess fills in what a Cookie header does not tell.
func (c *sentCookie) guess(u *url.URL) {
	c.Cookie = sentTo(c.Name, c.Value, u)
	c.changes = append(c.changes, guessed)
}

// sentTo is a cookie of which only the name, the value and a request are known.
func sentTo(name, value string, u *url.URL) jar.Cookie {
	c := jar.Cookie{Name: name, Value: value, Domain: jar.CanonicalHost(u.Hostname()), HostOnly: true, Path: "/"}
	prefix := cookie.PrefixOf(name)
	c.Secure = u.Scheme == "https" || prefix != cookie.NoPrefix
	c.HttpOnly = prefix.HTTPOnly()
	return c
}

// note keeps the latest value of a cookie.
func (s *sentCookies) note(c sentCookie) {
	key := sentKey{c.Domain, c.Name, c.Path}
	if i, ok := s.index[key]; ok {
		s.list[i].Value = c.Value
		return
	}
	s.index[key] = len(s.list)
	s.list = append(s.list, c)
}

// each calls f with the cookies that no response has set.
func (s *sentCookies) each(f func(*sentCookie)) {
	for i := range s.list {
		c := &s.list[i]
		if !s.isCovered(c) {
			f(c)
		}
	}
}

func (s *sentCookies) isCovered(c *sentCookie) bool {
	for _, domain := range s.set[c.Name] {
		if domain == c.Domain || domain == c.host || strings.HasSuffix(c.host, "."+domain) {
			return true
		}
	}
	return false
}
