package format

import (
	"bufio"
	"encoding/json"
	"errors"
	"time"

	"coatcheck.dev/cookie"
)

// CookieStore is what the crate cookie_store of Rust writes, and with it those for reqwest and ureq: an array of
// cookies or, before its version 0.21, one in each line. Each has its Set-Cookie line, and what has been worked out of
// that: the domain, the path, and when it expires. Cookies that are Partitioned are left out, because the file does not
// say where.
var CookieStore = Format{
	name: "cookie-store", about: "the JSON of Rust's cookie_store, only read",
	sign:  `a JSON array, or lines, of objects with "raw_cookie"`,
	sniff: sniffJSON(func(h *jsonHead) bool { return h.has("raw_cookie") || h.keys["raw_cookie"] == '"' }),
	read:  readCookieStore,
}

func readCookieStore(in *bufio.Reader, o *Options, s *sink) error {
	head, _ := in.Peek(headSize)
	if h, ok := readHead(head); ok && h.keys["raw_cookie"] != 0 {
		return eachJSONLine(in, s, renamedEntry(fromCookieStore, o, s))
	}
	return renamed(fromCookieStore)(in, o, s)
}

// fromCookieStore gives the fields their usual names. The attributes come from the line.
func fromCookieStore(r *record, _ *Options, _ time.Time) {
	f := r.fields
	line, isLine := f["raw_cookie"].(string)
	p := cookie.Parse(line)
	r.fields = map[string]any{
		"name": p.Name, "value": p.Value, "secure": p.Secure, "httpOnly": p.HttpOnly, "sameSite": p.SameSite.String(),
		"priority": p.Priority.String(),
	}
	switch {
	case !isLine:
		r.wrong = append(r.wrong, errNameless)
	case p.Reasons.Excluded():
		r.wrong = append(r.wrong, errors.New("a browser refuses its line: "+p.Reasons.Exclusions().String()))
	}
	if domain, ok := f["domain"].(map[string]any); ok {
		host, _ := domain["HostOnly"].(string)
		suffix, isSuffix := domain["Suffix"].(string)
		r.fields["domain"], r.fields["hostOnly"] = host+suffix, !isSuffix || hasNoHostsBelow(suffix)
	}
	if path, ok := f["path"].([]any); ok && len(path) > 0 {
		r.fields["path"] = path[0]
	}
	switch expires := f["expires"].(type) {
	case map[string]any:
		r.fields["expires"] = expires["AtUtc"]
	case string: // SessionEnd
	case json.Number, bool:
		r.fail("expires", "a time")
	}
	if p.Partitioned {
		r.wrong = append(r.wrong, errNoPartition)
	}
}
