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
		{`[{"name": "other", "value": "cookie"}]`, ""},
		{`[{"name": "Set-Cookie", "value": 7}, {"name": "Date", "value": null}]`, " "}, // left out by name later on
		{`{"Set-Cookie": ["a=1", "b=2"], "X": "cookie"}`, "a=1 b=2 "},
		{`{"set-cookie": "a=1"}`, "a=1 "},
		{`[["Set-Cookie", "a=1"], ["x", "y"], ["SET-COOKIE", "b=2"], 7, [8]]`, "a=1 b=2 "},
		{`"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX: cookie\r\nset-cookie:b=2"`, "a=1 b=2 "},
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
