package format

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

type harHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// harHeaders are those headers of an entry that say something about cookies. The others are most of an archive, and
// decoding them would be most of the work.
type harHeaders []harHeader

var harWanted = []string{
	"cookie", "set-cookie", "location", "date", "referer", "origin", "sec-fetch-dest", "sec-fetch-site",
	"clear-site-data",
}

// wantedHeader reports whether a header of this name is one of them.
func wantedHeader(name string) bool {
	for _, wanted := range harWanted {
		if len(name) == len(wanted) && strings.EqualFold(name, wanted) {
			return true
		}
	}
	return false
}

// perhapsWanted reports whether a JSON string may be the name of such a header: one with an escape may be anything.
func perhapsWanted(text []byte) bool {
	return wantedHeader(string(text)) || bytes.IndexByte(text, '\\') >= 0
}

// UnmarshalJSON implements json.Unmarshaler. The text is valid. Beside the array of objects that the standard has, it
// reads what other programs write in its place. A value that is no string counts as empty: an empty Set-Cookie is left
// out by name, and other headers say nothing then.
func (h *harHeaders) UnmarshalJSON(text []byte) error {
	if h.loose(text) {
		return nil
	}
	var list []harHeader
	if text[0] == '{' {
		list = make([]harHeader, 1)
		_ = json.Unmarshal(text, &list[0])
	} else {
		_ = json.Unmarshal(text, &list)
	}
	*h = slices.DeleteFunc(list, func(header harHeader) bool {
		return !wantedHeader(header.Name) || header.Value == "" && !strings.EqualFold(header.Name, "Set-Cookie")
	})
	return nil
}

// loose reads headers of another shape: an object of names and values, an array of pairs, or the lines themselves.
func (h *harHeaders) loose(text []byte) bool {
	inside := bytes.TrimLeft(text[1:], " \t\r\n")
	if text[0] != '{' && text[0] != '"' && (text[0] != '[' || len(inside) == 0 || inside[0] != '[') {
		return false
	}
	var v any
	if json.Unmarshal(text, &v) != nil {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["name"].(string); ok && len(v) <= 3 {
			return false // a header that stands alone
		}
		for name, value := range v {
			h.add(name, value)
		}
	case []any:
		for _, pair := range v {
			if pair, ok := pair.([]any); ok && len(pair) == 2 {
				name, _ := pair[0].(string)
				h.add(name, pair[1])
			}
		}
	case string:
		for line := range strings.Lines(v) {
			name, value, _ := strings.Cut(line, ":")
			h.add(name, strings.TrimSpace(value))
		}
	}
	return true
}

// add takes a header if it is wanted; its value may be a list.
func (h *harHeaders) add(name string, value any) {
	name = strings.TrimSpace(name)
	if !wantedHeader(name) {
		return
	}
	switch value := value.(type) {
	case string:
		*h = append(*h, harHeader{name, value})
	case []any:
		for _, v := range value {
			h.add(name, v)
		}
	}
}
