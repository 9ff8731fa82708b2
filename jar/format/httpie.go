package format

import (
	"bufio"

	"coatcheck.dev/jar"
)

// HTTPie is a session file of HTTPie, with __meta__ in it. Cookies without a domain, as in sessions from before 3.1,
// belong to the host of [Options.URL]. Headers and passwords of a session are neither read nor written. Partitioned
// cookies and those without a name are left out. HttpOnly, SameSite, Priority, the times of creation and last access
// and fractions of seconds are lost.
var HTTPie = Format{
	name: "httpie", about: "a session of HTTPie",
	sign:  `a JSON object with "__meta__"`,
	files: []string{"*.httpie.json"},
	sniff: sniffJSON(func(h *jsonHead) bool { return h.keys["__meta__"] == '{' }),
	read:  readHTTPie,
	write: func(*Options) encoder {
		return jsonList(`{
  "__meta__": {"about": "HTTPie session file", "help": "https://httpie.io/docs#sessions", "httpie": "3.2.1"},
  "auth": {"password": null, "type": null, "username": null},
  "cookies": [`, "  ],\n  \"headers\": []\n}\n", toHTTPie)
	},
}

type httpieCookie struct {
	Domain  string `json:"domain"`
	Expires *int64 `json:"expires"` // seconds; null in a session cookie
	Name    string `json:"name"`
	Path    string `json:"path"`
	Secure  bool   `json:"secure"`
	Value   string `json:"value"`
}

func toHTTPie(c *jar.Cookie, lose func(what string)) (h httpieCookie, why string) {
	switch {
	case c.Partition != (jar.Partition{}):
		return h, "it is partitioned"
	case c.Name == "":
		return h, "it has no name"
	}
	h = httpieCookie{
		Domain: Python.domain(c), Name: latinText(c.Name), Path: c.Path, Secure: c.Secure, Value: latinText(c.Value),
	}
	if !c.Session() {
		seconds := c.Expires.Unix()
		h.Expires = &seconds
	}
	if c.HttpOnly {
		lose("HttpOnly is lost")
	}
	losePlain(c, lose)
	return h, unfit(&jar.Cookie{Path: c.Path})
}

func readHTTPie(in *bufio.Reader, o *Options, s *sink) error {
	python := func(r *record, c *jar.Cookie) {
		c.Domain, c.Name, c.Value = pythonHost(c.Domain), latinBytes(c.Name), latinBytes(c.Value)
	}
	n := 0
	shape := jsonShape{
		list:  "cookies",
		entry: func(at place, raw []byte) { readRecord(at, raw, o, s, python) },
		named: func(name string, raw []byte) { // until HTTPie 3.0
			n++
			readRecord(place{unit: "cookie", n: n}, raw, o, s, func(r *record, c *jar.Cookie) {
				python(r, c)
				r.named(latinBytes(name), c)
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
