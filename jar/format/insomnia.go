package format

import (
	"bufio"
	"encoding/json"
)

// Insomnia is an export of Insomnia, in which the jars are resources among others. Its requests, and what else it has,
// are none that hold cookies.
var Insomnia = Format{
	name: "insomnia", about: "an export of Insomnia, only read",
	sign: `a JSON object with "_type" and "resources"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		return h.keys["_type"] == '"' && h.keys["resources"] == '['
	}),
	read: readInsomnia,
}

func readInsomnia(in *bufio.Reader, o *Options, s *sink) error {
	shape := jsonShape{list: "resources", entry: func(at place, raw []byte) {
		var resource struct {
			Type string `json:"_type"`
		}
		switch err := json.Unmarshal(raw, &resource); {
		case err != nil:
			s.leaveOut(at, nil, "it cannot be read, and may be a jar")
		case resource.Type == "cookie_jar":
			readSite(at, raw, o, s)
		}
	}}
	err := shape.walk(in, s)
	if err == nil && s.Entries() == 0 {
		return errNoList
	}
	return err
}
