package format

import (
	"bufio"
	"encoding/json"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// ToughCookie is a jar of tough-cookie for Node.js, as its toJSON and its file stores write it. Partitioned cookies are
// left out. Priority and what is finer than milliseconds are lost.
var ToughCookie = Format{
	name: "tough-cookie", about: "a jar of tough-cookie for Node.js",
	sign:  `a JSON object with "cookies" that have a "key"`,
	files: []string{"*.tough-cookie.json"},
	sniff: sniffJSON(func(h *jsonHead) bool { return h.has("key", "domain") || h.keys["storeType"] == '"' }),
	read:  readToughCookie,
	write: func(*Options) encoder {
		return jsonList(`{
  "version": "tough-cookie@6.1.0", "storeType": "MemoryCookieStore", "rejectPublicSuffixes": true,
  "cookies": [`, "  ]\n}\n", toToughCookie)
	},
}

type toughCookie struct {
	Key        string `json:"key"`
	Value      string `json:"value"`
	Expires    string `json:"expires,omitempty"` // as the next two, ISO 8601 in UTC; absent in a session cookie
	Creation   string `json:"creation,omitempty"`
	LastAccess string `json:"lastAccessed,omitempty"`
	Domain     string `json:"domain"`
	Path       string `json:"path"`
	Secure     bool   `json:"secure,omitempty"`
	HTTPOnly   bool   `json:"httpOnly,omitempty"`
	HostOnly   bool   `json:"hostOnly"`
	SameSite   string `json:"sameSite,omitempty"` // in lower case
}

func toToughCookie(c *jar.Cookie, lose func(what string)) (toughCookie, string) {
	if c.Partition != (jar.Partition{}) {
		return toughCookie{}, "it is partitioned"
	}
	t := toughCookie{
		Key: latinText(c.Name), Value: latinText(c.Value), Domain: c.Domain, Path: c.Path, HostOnly: c.HostOnly,
		Secure: c.Secure, HTTPOnly: c.HttpOnly,
		Expires: writeISO(c.Expires), Creation: writeISO(c.Created), LastAccess: writeISO(c.LastAccess),
	}
	if c.SameSite != cookie.SameSiteUnset {
		t.SameSite = strings.ToLower(c.SameSite.String())
	}
	losePriority(c, lose)
	return t, unfit(&jar.Cookie{Path: c.Path})
}

// writeISO is a time as JavaScript's toISOString writes it, and nothing for none.
func writeISO(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func readToughCookie(in *bufio.Reader, o *Options, s *sink) error {
	if inLines(in) {
		return readRecordLines(in, o, s, (*record).toughCookie)
	}
	shape := jsonShape{
		list:  "cookies",
		entry: func(at place, raw []byte) { readRecord(at, raw, o, s, (*record).toughCookie) },
	}
	return shape.walk(in, s)
}

// toughCookie reads what only tough-cookie has.
func (r *record) toughCookie(c *jar.Cookie) {
	c.HostOnly = r.flag("hostOnly") // there is no leading dot
	c.Name, c.Value = latinBytes(c.Name), latinBytes(c.Value)
	c.Created, _ = readTime(r.text("creation"))
	c.LastAccess, _ = readTime(r.text("lastAccessed"))
	r.maxAge(c)
	extensions, _ := r.fields["extensions"].([]any) // attributes that tough-cookie does not know
	for _, attribute := range extensions {
		text, _ := attribute.(string)
		name, value, _ := strings.Cut(text, "=")
		switch p, err := readPriority(strings.TrimSpace(value)); {
		case strings.EqualFold(name, "Partitioned"):
			r.odd = append(r.odd, "that it is Partitioned is lost: tough-cookie keeps no partitions")
		case strings.EqualFold(name, "Priority") && err == nil:
			c.Priority = p
		}
	}
}

// maxAge reads the lifetime of a cookie that was set with Max-Age, in seconds from its creation. It goes before
// Expires.
func (r *record) maxAge(c *jar.Cookie) {
	var seconds float64
	switch v := r.fields["maxAge"].(type) {
	case json.Number:
		seconds, _ = v.Float64()
	case string: // Infinity, or -Infinity for a cookie that is to go
		if !strings.HasPrefix(v, "-") {
			return
		}
	default:
		return
	}
	switch {
	case seconds <= 0:
		c.Expires = time.Unix(0, 0).UTC()
	case !c.Created.IsZero():
		c.Expires = secondsTime(float64(c.Created.UnixMilli())/1e3 + seconds)
	default:
		r.odd = append(r.odd, "its maxAge counts for nothing, because its creation is not known")
	}
}
