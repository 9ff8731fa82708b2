package format

import (
	"bufio"

	"coatcheck.dev/jar"
)

// ToughCookie is a jar of tough-cookie for Node.js, as its toJSON and its file stores write it.
var ToughCookie = Format{
	name: "tough-cookie", about: "a jar of tough-cookie for Node.js, only read",
	sign:  `a JSON object with "cookies" that have a "key"`,
	sniff: sniffJSON(func(h *jsonHead) bool { return h.has("key", "domain") || h.keys["storeType"] == '"' }),
	read:  readToughCookie,
}

func readToughCookie(in *bufio.Reader, o *Options, s *sink) error {
	shape := jsonShape{
		list: "cookies",
		entry: func(at place, raw []byte) {
			readRecord(at, raw, o, s, func(r *record, c *jar.Cookie) {
				c.HostOnly = r.flag("hostOnly") // there is no leading dot
				c.Created, _ = readTime(r.text("creation"))
				c.LastAccess, _ = readTime(r.text("lastAccessed"))
				r.maxAge(c)
			})
		},
	}
	return shape.walk(in, s)
}

// maxAge reads the lifetime of a cookie that was set with Max-Age, in seconds from its creation.
func (r *record) maxAge(c *jar.Cookie) {
	seconds, ok := r.fields["maxAge"].(float64)
	if !ok || c.Created.IsZero() {
		return
	}
	c.Expires = secondsTime(float64(c.Created.UnixMilli())/1e3 + seconds)
}
