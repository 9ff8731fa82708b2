package format

import (
	"bufio"

	"coatcheck.dev/jar"
)

// HTTPie is a session file of HTTPie, with __meta__ in it. Cookies without a domain, as in sessions from before 3.1,
// belong to the host of [Options.URL].
var HTTPie = Format{
	name: "httpie", about: "a session of HTTPie, only read",
	sign:  `a JSON object with "__meta__"`,
	sniff: sniffJSON(func(h *jsonHead) bool { return h.keys["__meta__"] == '{' }),
	read:  readHTTPie,
}

func readHTTPie(in *bufio.Reader, o *Options, s *sink) error {
	python := func(r *record, c *jar.Cookie) { c.Domain = pythonHost(c.Domain) }
	n := 0
	shape := jsonShape{
		list:  "cookies",
		entry: func(at place, raw []byte) { readRecord(at, raw, o, s, python) },
		named: func(name string, raw []byte) { // until HTTPie 3.0
			n++
			readRecord(place{unit: "cookie", n: n}, raw, o, s, func(r *record, c *jar.Cookie) {
				python(r, c)
				r.named(name, c)
			})
		},
	}
	return shape.walk(in, s)
}

// named gives a record its name, where that stands in front of it.
func (r *record) named(name string, c *jar.Cookie) {
	c.Name = name
	for i, err := range r.wrong {
		if err == errNameless {
			r.wrong = append(r.wrong[:i], r.wrong[i+1:]...)
			break
		}
	}
}
