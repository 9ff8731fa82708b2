package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Names follow the OWASP logging vocabulary where it has a word; none is used twice.
//
// Rows: C14, ASVS 16.2.4
func TestEventNamesFollowTheVocabulary(t *testing.T) {
	for kind, want := range map[event.Kind]string{
		event.Created: "session_created", event.Rotated: "session_renewed", event.Expired: "session_expired",
		event.UsedExpired: "session_use_after_expire", event.SignedIn: "authn_login_success",
		event.Theft: "authn_token_reuse", event.Limit: "excess_sessions_exceeded", event.SignedOut: "session_logout",
	} {
		if string(kind) != want {
			t.Errorf("%q, and OWASP says %q", kind, want)
		}
	}
}

// Kinds has every constant of the type once.
func TestKindsHasThemAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "kind.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []event.Kind
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && spec.Type != nil && spec.Type.(*ast.Ident).Name == "Kind" {
			kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, event.Kind(kind))
		}
		return true
	})
	if got := event.Kinds(); !slices.Equal(got, want) || len(got) < 22 {
		t.Errorf("%d kinds %q, want %d %q", len(got), got, len(want), want)
	}
}

// A queue of nobody takes everything.
func TestNoQueue(t *testing.T) {
	for _, q := range []*event.Queue{nil, event.NewQueue()} {
		q.Send(event.Event{Kind: event.Created})
		q.Flush(t.Context())
		if n := q.Lost(); n != 0 {
			t.Errorf("%d events lost", n)
		}
	}
}

// Text that strangers choose is shown in logs as what it is, also where the handler of the log would let it through.
//
// Rows: A44, ASVS 16.4.1
func TestLogShowsWhatIsUnseen(t *testing.T) {
	var out bytes.Buffer
	observe := event.LogEvents(slog.New(slog.NewJSONHandler(&out, nil)))
	name := "ada\u202enimda\n"
	observe(event.Event{Kind: event.SignedIn, User: name, Actor: name})
	observe(event.Event{Kind: event.CrossSite, Request: &event.Request{Host: name, Path: name, Origin: name}})
	if text := out.String(); strings.Contains(text, "\u202e") || strings.Count(text, "\n") != 2 ||
		strings.Count(text, `"ada\\u202enimda\\x0a"`) != 5 {
		t.Errorf("the log has %s", text)
	}
}

// The slog observer writes attacks and failures as warnings, touches for debugging, and what a line means in named
// fields.
//
// Rows: C7, ASVS 16.2.1, ASVS 16.2.4, ASVS 16.4.1
func TestLogEventsWritesLevelsAndFields(t *testing.T) {
	var out bytes.Buffer
	observe := event.LogEvents(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	handle := store.NewID()
	for _, c := range []struct {
		e     event.Event
		level string
		want  map[string]any
	}{
		{event.Event{Kind: event.SignedIn, User: "ada", Handle: handle, Address: "192.0.2.1", Reason: "password"},
			"INFO",
			map[string]any{"user": "ada", "session": handle.String(), "address": "192.0.2.1", "reason": "password"}},
		{event.Event{Kind: event.Revoked, User: "ada", Actor: "root"}, "WARN",
			map[string]any{"user": "ada", "actor": "root"}},
		{event.Event{Kind: event.Revoked, Handle: handle, Actor: "root"}, "WARN",
			map[string]any{"session": handle.String(), "actor": "root"}},
		{event.Event{Kind: event.Revoked, User: "ada", Actor: "ada"}, "INFO",
			map[string]any{"user": "ada", "actor": "ada"}},
		{event.Event{Kind: event.Revoked, User: "ada", Reason: "limit"}, "INFO",
			map[string]any{"user": "ada", "reason": "limit"}},
		{event.Event{Kind: event.Revoked, Actor: "root"}, "WARN", map[string]any{"actor": "root"}}, // everybody's
		{event.Event{Kind: event.Touched, Count: 3}, "DEBUG", map[string]any{"count": 3.0}},
		{event.Event{Kind: event.Theft}, "WARN", nil},
		{event.Event{Kind: event.Recovered}, "INFO", nil},
		{event.Event{Kind: event.Forged}, "WARN", nil},
		{event.Event{Kind: event.Duplicate, Count: 2}, "WARN", map[string]any{"count": 2.0}},
		{event.Event{Kind: event.StoreError, Err: errors.New("connection refused")}, "WARN",
			map[string]any{"error": "connection refused"}},
		{event.Event{Kind: event.KeyUnreadable, Key: "cart"}, "WARN", map[string]any{"key": "cart"}},
		{event.Event{Kind: event.CrossSite,
			Request: &event.Request{Method: "POST", Host: "h", Path: "/p", Origin: "o", Site: "s", Refused: true}},
			"WARN",
			map[string]any{"method": "POST", "host": "h", "path": "/p", "origin": "o", "site": "s",
				"refused": true}},
		{event.Event{Kind: event.SignedIn, User: "a\nlevel=WARN msg=forged"}, "INFO",
			map[string]any{"user": `a\x0alevel=WARN msg=forged`}},
	} {
		out.Reset()
		observe(c.e)
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
			t.Errorf("%s: %v in %q", c.e.Kind, err, out.String())
			continue
		}
		if line["msg"] != string(c.e.Kind) || line["level"] != c.level {
			t.Errorf("%s is logged as %v %v, want level %s", c.e.Kind, line["level"], line["msg"], c.level)
		}
		for key, want := range c.want {
			if line[key] != want {
				t.Errorf("%s: %s is %v, want %v", c.e.Kind, key, line[key], want)
			}
		}
		for key := range line {
			if _, known := c.want[key]; !known && !slices.Contains([]string{"time", "level", "msg", "at"}, key) {
				t.Errorf("%s: the field %s is there, and empty", c.e.Kind, key)
			}
		}
	}
}
