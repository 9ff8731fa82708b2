package gate

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
)

var (
	errNotUTF8 = errors.New("the value is not UTF-8; write letters outside ASCII as \\u escapes")
	errNotJSON = errors.New("the value is not JSON")
)

// normalJSON checks a JSON text and returns it without spaces, in ASCII. Values are stored in this form, so the limit
// of a session's data also bounds the header in which they travel.
func normalJSON(text string) (json.RawMessage, error) {
	if !utf8.ValidString(text) {
		return nil, errNotUTF8
	}
	if !json.Valid([]byte(text)) {
		return nil, errNotJSON
	}
	compact, err := json.Marshal(json.RawMessage(text))
	if err != nil {
		return nil, errNotJSON
	}
	return identity.AppendASCII(make([]byte, 0, len(compact)), compact), nil
}
