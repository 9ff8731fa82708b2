package format

import (
	"encoding/json"
	"testing"
)

// TestHARHeaders: what says something about cookies is read, however it is written, and the rest is skipped.
func TestHARHeaders(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`[{"name": "SET-Cookie", "value": "a=\"}{"}, {"name": "x", "value": "}]"}]`, "a=\"}{ "},
		{`[{"value": "b", "name": "date"}]`, "b "},
		{`[{"name": "Set\u002dCookie", "value": "c"}]`, "c "},
		{`[{"name": "cookie", "value": 7}, null, 8, {"name": "cookie", "value": "d"}]`, "d "},
		{`[{"name": "other", "value": "cookie"}]`, "cookie "},
		{`[]`, ""}, {`null`, ""}, {`{"name": "Location", "value": "/"}`, "/ "},
	} {
		var h harHeaders
		if err := json.Unmarshal([]byte(tt.text), &h); err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		got := ""
		for _, header := range h {
			got += header.Value + " "
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}
