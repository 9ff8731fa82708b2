package format

import (
	"bufio"
	"encoding/json"
	"errors"

	"coatcheck.dev/jar"
)

// Sessionstore is the session of a Firefox profile: sessionstore-backups/recovery.jsonlz4 while it runs,
// sessionstore.jsonlz4 afterwards. It has the session cookies, which are not in [Firefox]. The file is compressed; this
// format is what is in it. Containers and partitions count as in [Firefox].
var Sessionstore = Format{
	name: "sessionstore", about: "the session cookies of Firefox (jsonlz4), only read",
	sign:  `mozLz40, or a JSON object with "windows" and "cookies" or "session"`,
	files: []string{"*.jsonlz4", "*.baklz4"},
	sniff: sniffJSON(func(h *jsonHead) bool {
		return h.keys["windows"] == '[' || h.keys["cookies"] == '[' && h.has("host", "originAttributes")
	}),
	read: readSessionstore,
}

func readSessionstore(in *bufio.Reader, o *Options, s *sink) error {
	shape := jsonShape{
		list: "cookies",
		entry: func(at place, raw []byte) {
			readRecord(at, raw, o, s, func(r *record, c *jar.Cookie) {
				lost, why := r.attributes().apply(c, o)
				r.odd = append(r.odd, lost...)
				if why != "" {
					r.wrong = append(r.wrong, errors.New(why))
				}
			})
		},
	}
	err := shape.walk(in, s)
	if err == errNoList {
		return nil // no session cookies
	}
	return err
}

// attributes reads originAttributes, which are an object here.
func (r *record) attributes() originAttributes {
	fields, _ := r.fields["originAttributes"].(map[string]any)
	a := record{fields: fields}
	origin := originAttributes{partition: a.text("partitionKey"), private: a.flag("privateBrowsingId")}
	if id, ok := fields["userContextId"].(json.Number); ok {
		n, _ := id.Int64()
		origin.container = int(n)
	}
	for _, key := range []string{"firstPartyDomain", "geckoViewSessionContextId"} {
		if a.text(key) != "" {
			origin.other = key
		}
	}
	return origin
}
