package format

import (
	"bytes"
	"encoding/json"
	"strings"
)

type harHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// harHeaders are those headers of an entry that say something about cookies. The others are most of an archive, and
// decoding them would be most of the work.
type harHeaders []harHeader

var harWanted = map[string]bool{
	"cookie": true, "set-cookie": true, "location": true, "date": true, "referer": true, "origin": true,
	"sec-fetch-dest": true, "sec-fetch-site": true,
}

// UnmarshalJSON implements json.Unmarshaler. The text is valid.
func (h *harHeaders) UnmarshalJSON(text []byte) error {
	for len(text) > 0 {
		begin := bytes.IndexByte(text, '{')
		if begin < 0 {
			break
		}
		end, wanted := harObject(text[begin:])
		if wanted {
			var header harHeader
			if json.Unmarshal(text[begin:begin+end], &header) == nil {
				*h = append(*h, header)
			}
		}
		text = text[begin+end:]
	}
	return nil
}

// harObject returns the length of the object at the beginning of a text, and whether one of its strings may be a wanted
// name. Strings with an escape may be anything.
func harObject(text []byte) (end int, wanted bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, wanted
			}
		case '"':
			begin, escaped := i+1, false
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					escaped = true
					i++
				}
			}
			s := text[begin:min(i, len(text))]
			wanted = wanted || escaped || len(s) <= len("sec-fetch-dest") && harWanted[strings.ToLower(string(s))]
		}
	}
	return len(text), wanted
}
