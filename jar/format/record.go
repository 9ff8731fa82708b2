package format

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// A record is an entry of a JSON file. Its fields are read leniently: programs write true as 1 and times as text.
// null is as good as absent.
type record struct {
	fields map[string]any
	wrong  []error  // fields that cannot be read; the entry is left out
	odd    []string // fields that mean nothing; the entry is changed
}

var (
	errNameless    = errors.New("it has no name")
	errNoPartition = errors.New("its partition has no name")
)

// parseRecord reads an object. Bytes that are no UTF-8 are reported as odd, because JSON has no place for them.
func parseRecord(raw []byte) (*record, error) {
	var fields map[string]any
	if raw == nil {
		return nil, errTooLarge
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a value may be a number, and no digit of it is lost
	if err := d.Decode(&fields); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, fmt.Errorf("it is %s, where an object should be", kind.Value)
		}
		return nil, errors.New(jsonError(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("it is no JSON: something stands behind its end")
	}
	if fields == nil {
		return nil, errors.New("it is null, where an object should be")
	}
	r := &record{fields: fields}
	switch {
	case !utf8.Valid(raw):
		r.odd = append(r.odd, "its bytes that are no UTF-8 are lost")
	case halfPair.Match(raw) && !bytes.ContainsRune(raw, utf8.RuneError) && r.replaced():
		r.odd = append(r.odd, "half of a surrogate pair in it is lost, which is no character")
	}
	return r, nil
}

// halfPair finds what may be one half of a surrogate pair.
var halfPair = regexp.MustCompile(`(?i)\\ud[89a-f]`)

// replaced reports whether package json has put a sign into a string for what it could not read.
func (r *record) replaced() bool {
	for _, v := range r.fields {
		if text, ok := v.(string); ok && strings.ContainsRune(text, utf8.RuneError) {
			return true
		}
	}
	return false
}

// jsonError is an error of package json without what it quotes of the text.
func jsonError(err error) string {
	text := err.Error()
	if i := strings.Index(text, "invalid character"); i >= 0 {
		return "it is no JSON: a character is wrong" + text[strings.LastIndex(text, "'")+1:]
	}
	return "it is no JSON: " + text
}

// get returns the first of the fields that is there and not null.
func (r *record) get(names ...string) (v any, name string) {
	for _, name := range names {
		if v := r.fields[name]; v != nil {
			return v, name
		}
	}
	return nil, ""
}

func (r *record) has(name string) bool { return r.fields[name] != nil }

func (r *record) fail(name, want string) {
	r.wrong = append(r.wrong, fmt.Errorf("%s is not %s", name, want))
}

func (r *record) text(names ...string) string {
	v, name := r.get(names...)
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number: // a value like 7, written without quotes
		return v.String()
	}
	r.fail(name, "a string")
	return ""
}

func (r *record) flag(names ...string) bool {
	switch v, name := r.get(names...); v := v.(type) {
	case nil:
	case bool:
		return v
	case json.Number:
		n, _ := v.Float64()
		return n != 0
	case string:
		b, err := strconv.ParseBool(v)
		if err != nil && v != "" {
			r.fail(name, "true or false")
		}
		return b
	default:
		r.fail(name, "true or false")
	}
	return false
}

// expiry reads seconds since 1970, or a date; 0, less than that, nothing and "Session" are the end of the session.
func (r *record) expiry(names ...string) (t time.Time) {
	switch v, name := r.get(names...); v := v.(type) {
	case nil:
	case json.Number:
		n, _ := v.Float64() // beyond its range it is infinite
		return r.number(n)
	case string:
		if n, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && !math.IsNaN(n) {
			return r.number(n)
		}
		t, ok := readDate(v)
		if ok {
			return t
		}
		t, note, ok := readLocalDate(v)
		if !ok {
			r.fail(name, "a time")
			return t
		}
		r.odd = append(r.odd, note)
		return t
	default:
		r.fail(name, "a time")
	}
	return t
}

// number reads an expiry that is a number.
func (r *record) number(n float64) (t time.Time) {
	if n <= 0 {
		return t
	}
	t, note := numberTime(n)
	if note != "" {
		r.odd = append(r.odd, note)
	}
	return t
}

// sameSite reads the words of all programs, and the numbers of Firefox.
func (r *record) sameSite() cookie.SameSite {
	if number, ok := r.fields["sameSite"].(json.Number); ok {
		n, err := number.Int64()
		if v, ok := firefoxSameSites[int(n)]; ok && err == nil {
			return v
		}
	}
	text := r.text("sameSite", "samesite", "same_site")
	v, err := readSameSite(text)
	if err != nil {
		r.odd = append(r.odd, err.Error()+", which means nothing; taken as not set")
	}
	return v
}

// priority reads the words of all programs, and the numbers of Chromium.
func (r *record) priority() (cookie.Priority, error) {
	text := r.text("priority")
	if n, err := strconv.Atoi(text); err == nil {
		if p, ok := chromePriorities[n]; ok {
			return p, nil
		}
	}
	return readPriority(text)
}

// cookie reads the fields that all formats of single cookies share, under each of their names.
func (r *record) cookie(o *Options) (c jar.Cookie) {
	r.unwrap("value")
	c.Name, c.Value = r.text("name", "key"), r.text("value")
	c.Path = r.text("path")
	c.Secure = r.flag("secure", "isSecure", "is_secure")
	c.HttpOnly = r.flag("httpOnly", "httponly", "http_only", "isHttpOnly", "is_httponly")
	c.SameSite = r.sameSite()
	if !r.flag("session") && (!r.has("persistent") || r.flag("persistent")) {
		c.Expires = r.expiry("expires", "expirationDate", "expiry", "expiration", "expiresAt", "expires_at")
	}
	if c.Path == "" {
		c.Path = "/"
	}
	r.domain(&c, o)
	r.partition(&c)
	r.firefox()
	r.unkept(&c)
	if !r.has("name") && !r.has("key") {
		r.wrong = append(r.wrong, errNameless)
	}
	if c.SameSite == cookie.SameSiteNone && !c.Secure {
		// Playwright and WebDriver say so of cookies in Firefox and WebKit that have no SameSite.
		c.SameSite = cookie.SameSiteUnset
		r.odd = append(r.odd, "SameSite=None without Secure is taken as not set")
	}
	p, err := r.priority()
	if err != nil {
		r.odd = append(r.odd, err.Error()+", which means nothing; taken as not set")
	}
	if p != cookie.PriorityMedium { // DevTools has no other word for unset
		c.Priority = p
	}
	return c
}

// unkept names what no field of a cookie can hold.
func (r *record) unkept(c *jar.Cookie) {
	if r.flag("partitioned") && c.Partition == (jar.Partition{}) {
		r.wrong = append(r.wrong, errNoPartition)
	}
	if c.Value == "" && r.text("encrypted_value") != "" {
		r.wrong = append(r.wrong, errors.New("its value is encrypted, and the file has no key"))
	}
	if port := r.text("port"); port != "" && port != "0" {
		r.odd = append(r.odd, "its port is lost: cookies are for all ports of a host")
	}
	if rest, _ := r.fields["rest"].(map[string]any); rest != nil { // of Python: attributes as they came
		if _, ok := rest["HttpOnly"]; ok {
			c.HttpOnly = true
		}
	}
	age, err := strconv.ParseFloat(r.text("maxAge", "max-age", "Max-Age", "max_age"), 64)
	if err == nil && age >= 0 && c.Expires.IsZero() && !r.has("key") && !r.has("created_at") {
		// tough-cookie and http-cookie say when it was set
		r.odd = append(r.odd, "its Max-Age counts for nothing, because the file does not say when it was set")
	}
}

// unwrap takes a string out of the object in which WebDriver BiDi has it, with its type.
func (r *record) unwrap(name string) {
	object, ok := r.fields[name].(map[string]any)
	if !ok {
		return
	}
	text, _ := object["value"].(string)
	switch object["type"] {
	case "string":
		r.fields[name] = text
	case "base64":
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			r.fields[name] = string(raw)
		}
	}
}

// domain reads the host or the domain. A leading dot marks a cookie for the hosts below as well, unless hostOnly says
// what it is. Playwright also knows a URL in its place.
func (r *record) domain(c *jar.Cookie, o *Options) {
	domain, port := cutPort(r.text("domain", "host"))
	if port {
		r.odd = append(r.odd, "its port is lost: cookies are for all ports of a host")
	}
	readDomain(c, domain)
	if _, ok := r.fields["hostOnly"].(bool); ok {
		c.HostOnly = r.flag("hostOnly")
	}
	if c.Domain != "" {
		return
	}
	u := o.URL
	if text := r.text("url"); text != "" {
		u, _ = url.Parse(text)
		if u != nil && r.text("path") == "" {
			c.Path = defaultPath(u)
		}
	}
	if u == nil || u.Hostname() == "" {
		r.wrong = append(r.wrong, errors.New("it has no domain; say its URL (--url)"))
		return
	}
	c.Domain, c.HostOnly = jar.CanonicalHost(u.Hostname()), true
}

// defaultPath is the path of a cookie that a response for the URL sets without one.
func defaultPath(u *url.URL) string {
	bare, _ := jar.Spec.Decide(&cookie.Parsed{Name: "a", Value: "b"}, &jar.Request{URL: u}, time.Time{})
	return bare.Path
}

// partition reads the partition key: the text of Playwright and of older DevTools, or an object.
func (r *record) partition(c *jar.Cookie) {
	if r.flag("partitionKeyOpaque") {
		r.wrong = append(r.wrong, errNoPartition)
		return
	}
	switch key := r.fields["partitionKey"].(type) {
	case nil:
	case string:
		c.Partition = partitionOf(key)
		// Playwright reads a key without the bit as one of a frame of another site.
		c.Partition.CrossSiteAncestor = key != "" && (!r.has("_crHasCrossSiteAncestor") ||
			r.flag("_crHasCrossSiteAncestor"))
	case map[string]any:
		k := record{fields: key}
		c.Partition = partitionOf(k.text("topLevelSite", "sourceOrigin"))
		if c.Partition == (jar.Partition{}) {
			break
		}
		if c.Partition.CrossSiteAncestor = k.flag("hasCrossSiteAncestor"); !k.has("hasCrossSiteAncestor") {
			c.Partition.CrossSiteAncestor = foreign(c.Domain, c.Partition.TopLevelSite)
		}
		r.wrong = append(r.wrong, k.wrong...)
	default:
		r.fail("partitionKey", "a site")
	}
}

// firefox reads how Firefox keeps a cookie apart beside its partition, which no other program knows.
func (r *record) firefox() {
	if r.text("firstPartyDomain") != "" {
		r.wrong = append(r.wrong, errors.New(`it is kept apart by "firstPartyDomain"`))
	}
	if id, ok := r.fields["storeId"].(string); ok && strings.HasPrefix(id, "firefox-container-") {
		r.odd = append(r.odd, "its container is lost")
	} else if ok && id == "firefox-private" {
		r.odd = append(r.odd, "that it belongs to a private window is lost")
	}
}

// partitionOf is the partition of a site or an origin.
func partitionOf(origin string) (p jar.Partition) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		p.TopLevelSite = origin // the jar refuses it, unless it is empty
		return p
	}
	host := jar.CanonicalHost(u.Hostname())
	if domain := jar.RegistrableDomain(host); domain != "" {
		host = domain
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	p.TopLevelSite = u.Scheme + "://" + host
	return p
}

// foreign reports whether a host is of another site than the page.
func foreign(host, site string) bool {
	page, err := url.Parse(site)
	if err != nil {
		return false
	}
	return !jar.SameSite(&url.URL{Scheme: page.Scheme, Host: bracketed(host)}, page)
}

// readRecords reads a file whose entries are cookies with the usual fields.
func readRecords(in *bufio.Reader, o *Options, s *sink) error {
	if inLines(in) {
		return readRecordLines(in, o, s, nil)
	}
	shape := jsonShape{
		page: func(at place, raw []byte) { readSite(at, raw, o, s) },
		list: "cookies", any: true, // such as result, in the answer of the DevTools protocol
		other: map[string]func(place, []byte){"origins": func(at place, raw []byte) { loseOrigins(at, raw, s) }},
	}
	shape.entry = func(at place, raw []byte) { readRecord(at, raw, o.at(hostURL(shape.key)), s, nil) }
	return shape.walk(in, s)
}

// inLines reports whether the file itself is a cookie, perhaps with others in the lines that follow.
func inLines(in *bufio.Reader) bool {
	head, _ := in.Peek(headSize)
	h, ok := readHead(head)
	return ok && !h.array && h.inside && (&jsonHead{entry: h.keys}).cookies()
}

// readRecordLines reads a file that is no array: each line has a cookie, or the file is the only one.
func readRecordLines(in *bufio.Reader, o *Options, s *sink, more func(r *record, c *jar.Cookie)) error {
	return eachJSONLine(in, s, func(at place, raw []byte) { readRecord(at, raw, o, s, more) })
}

// eachJSONLine calls entry with each line of a file, or with all of it where its first line is no JSON.
func eachJSONLine(in *bufio.Reader, s *sink, entry func(at place, raw []byte)) error {
	head, _ := in.Peek(headSize)
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	if !json.Valid(bytes.TrimRight(first, ", \t\r")) {
		return readSingle(in, s, entry)
	}
	return eachLine(in, func(n int, line []byte, _, long bool) {
		switch line = bytes.TrimRight(line, ", \t"); {
		case long:
			line = nil
		case len(line) == 0:
			return
		}
		entry(place{unit: "line", n: n}, line)
	})
}

// readSingle reads a file that is one entry.
func readSingle(in *bufio.Reader, s *sink, entry func(at place, raw []byte)) error {
	scan := newScanner(in)
	raw, err := scan.value()
	if err != nil {
		return fmt.Errorf("line %d: %w", scan.line, err)
	}
	entry(place{unit: "line", n: 1}, raw)
	if _, end := scan.peek(); end == nil {
		s.note(place{unit: "line", n: scan.line}, "the file goes on after its end, and the rest is not read")
	}
	return nil
}

// renamed reads an array of cookies after their fields have got the usual names.
func renamed(rename func(r *record, o *Options, now time.Time)) func(in *bufio.Reader, o *Options, s *sink) error {
	return func(in *bufio.Reader, o *Options, s *sink) error {
		shape := jsonShape{list: "cookies", entry: renamedEntry(rename, o, s)}
		return shape.walk(in, s)
	}
}

func renamedEntry(rename func(*record, *Options, time.Time), o *Options, s *sink) func(at place, raw []byte) {
	return func(at place, raw []byte) {
		r, err := parseRecord(raw)
		if err != nil {
			s.leaveOut(at, nil, err.Error())
			return
		}
		rename(r, o, s.now)
		r.take(at, o, s, nil)
	}
}

// readRecord reads an entry. more, if it is not nil, reads what only this format has.
func readRecord(at place, raw []byte, o *Options, s *sink, more func(r *record, c *jar.Cookie)) {
	r, err := parseRecord(raw)
	if err != nil {
		s.leaveOut(at, nil, err.Error())
		return
	}
	r.take(at, o, s, more)
}

// take gives the cookie to the sink.
func (r *record) take(at place, o *Options, s *sink, more func(r *record, c *jar.Cookie)) {
	c := r.cookie(o)
	if more != nil {
		more(r, &c)
	}
	if err := errors.Join(r.wrong...); err != nil {
		s.leaveOut(at, &c, oneLine(err))
		return
	}
	s.add(at, &c, r.odd...)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// loseOrigins reports the local storage of a storage state, which is no cookie.
func loseOrigins(at place, raw []byte, s *sink) {
	if !bytes.HasPrefix(raw, []byte("[")) || bytes.Equal(raw, []byte("[]")) {
		return
	}
	s.note(at, "origins with their local storage, which are no cookies")
}
