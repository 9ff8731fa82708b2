package history_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

func open(t *testing.T, path string) *history.History {
	t.Helper()
	h, err := history.Open(path, history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return h
}

func newHistory(t *testing.T) *history.History {
	return open(t, filepath.Join(t.TempDir(), "history.db"))
}

// find returns what a query in a URL's words finds, each as "kind user reason".
func find(t *testing.T, h *history.History, query string) (found []string) {
	t.Helper()
	h.Flush(t.Context())
	q, err := history.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Each(t.Context(), q, func(e history.Entry) error {
		found = append(found, strings.TrimSpace(fmt.Sprintln(e.Kind.Words(), e.User, e.Reason)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func want(t *testing.T, got []string, wanted ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("got  %q\nwant %q", got, wanted)
	}
}

// What real sessions tell is found again, under each of the words that it can be looked for, also after a restart.
//
// Rows: C7
func TestWhatHappenedIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path)
	m := session.New(memory.New(), session.Options{Events: event.NewQueue(h.Observe)})
	var visitor, user, stepped store.ID
	visit := func(cookie *http.Cookie, do func(*session.Session)) *http.Cookie {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "https://shop.example/", nil)
		r.RemoteAddr = "192.0.2.7:1234"
		if cookie != nil {
			r.AddCookie(cookie)
		}
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			do(session.From(r.Context()))
		})).ServeHTTP(w, r)
		if set := w.Result().Cookies(); len(set) > 0 {
			cookie = set[0]
		}
		return cookie
	}
	note := session.NewKey[string]("history-note")
	cookie := visit(nil, func(s *session.Session) { _ = note.Set(s, "a-private-thing") })
	cookie = visit(cookie, func(s *session.Session) { visitor = s.Handle() })
	cookie = visit(cookie, func(s *session.Session) { _ = s.SignIn("ada", session.By("password")); user = s.Handle() })
	visit(cookie, func(s *session.Session) { _ = s.StepUp(session.By("passkey")); stepped = s.Handle() })
	ctx := session.WithActorAddress(session.WithActor(t.Context(), "grace", "left the company"), "2001:db8::9")
	if _, err := m.Revoke(ctx, stepped); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Flush(t.Context())
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h = open(t, path)
	const created, signedIn, steppedUp, ended = "created", "signed in ada password", "stepped up ada passkey",
		"ended ada left the company"
	for query, wanted := range map[string][]string{
		"":                             {ended, steppedUp, signedIn, created},
		"user=ada":                     {ended, steppedUp, signedIn},
		"user=Ada":                     nil,
		"session=" + user.String():     {steppedUp, signedIn},
		"session=" + visitor.String():  {signedIn, created},
		"operator=grace":               {ended},
		"address=192.0.2.0/24":         {steppedUp, signedIn, created},
		"address=192.0.2.7":            {steppedUp, signedIn, created},
		"address=192.0.2.8":            nil,
		"address=2001:db8::/32":        {ended},
		"kind=authn_step_up":           {steppedUp},
		"to=2020-01-01":                nil,
		"to=1h":                        nil,
		"from=-1h&user=ada":            {ended, steppedUp, signedIn},
		"from=2d&to=0s&user=ada":       {ended, steppedUp, signedIn},
		"from=2020-01-01&user=ada&to=": {ended, steppedUp, signedIn},
	} {
		t.Run(query, func(t *testing.T) { want(t, find(t, h, query), wanted...) })
	}
	line, err := h.Line(t.Context(), stepped)
	if err != nil || len(line) != 4 || line[0].Handle != visitor || line[3].Handle != stepped {
		t.Errorf("%+v, %v", line, err)
	}
	for handle, kind := range map[store.ID]event.Kind{
		stepped: event.Revoked, user: event.SteppedUp, visitor: event.SignedIn,
	} {
		end, ok, err := h.End(t.Context(), handle)
		if !ok || err != nil || end.Kind != history.Kind(kind) {
			t.Errorf("%s: %+v, %v, %v", kind, end, ok, err)
		}
	}
	if _, ok, err := h.End(t.Context(), store.NewID()); ok || err != nil {
		t.Errorf("the end of nothing is known: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, suffix := range []string{"", "-wal"} {
		text, _ := os.ReadFile(path + suffix)
		if bytes.Contains(text, []byte("a-private-thing")) || bytes.Contains(text, []byte(cookie.Value[23:])) {
			t.Error("there is a value or a secret in the file")
		}
	}
}

// A mark that ended all that began before is in the line of those that it ended, and of no other.
func TestMarksAreInTheLineOfWhatTheyEnded(t *testing.T) {
	h := newHistory(t)
	began := time.Now().Add(-time.Hour)
	before, after, other := store.NewID(), store.NewID(), store.NewID()
	for _, e := range []event.Event{
		{Kind: event.SignedIn, At: began, Handle: before, User: "ada"},
		{Kind: event.SignedIn, At: began, Handle: other, User: "grace"},
		{Kind: event.Revoked, At: began.Add(time.Minute), User: "ada", Before: began.Add(time.Second), Actor: "root"},
		{Kind: event.SignedIn, At: began.Add(2 * time.Minute), Handle: after, User: "ada"},
	} {
		h.Observe(e)
	}
	h.Flush(t.Context())
	for handle, ended := range map[store.ID]bool{before: true, after: false, other: false} {
		end, ok, err := h.End(t.Context(), handle)
		if ok != ended || err != nil || ok && (end.Kind != history.NotBefore || end.Actor != "root") {
			t.Errorf("%v: %+v, %v, %v", ended, end, ok, err)
		}
	}
	h.Observe(event.Event{Kind: event.Revoked, At: time.Now(), Before: time.Now(), Actor: "console"})
	h.Flush(t.Context())
	if _, ok, _ := h.End(t.Context(), other); !ok {
		t.Error("everybody's end is not grace's")
	}
}

// Pages have each entry once, in their order, whatever is written meanwhile.
func TestPages(t *testing.T) {
	h := newHistory(t)
	at := time.Now().Add(-time.Hour)
	for i := range 500 {
		h.Note(history.Entry{
			Kind: history.OperatorActed, At: at.Add(time.Duration(i/10) * time.Millisecond), Reason: fmt.Sprint(i),
		})
	}
	h.Flush(t.Context())
	q := history.Query{Limit: 7}
	for i := 499; ; {
		page, next, err := h.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if e.Reason != fmt.Sprint(i) {
				t.Fatalf("%s in place of %d", e.Reason, i)
			}
			i--
		}
		if next == (history.Cursor{}) {
			if i != -1 {
				t.Errorf("%d are missing", i+1)
			}
			break
		}
		again, err := history.ParseQuery("limit=7&after=" + next.String())
		if err != nil {
			t.Fatal(err)
		}
		q = again
		if i%10 == 0 {
			h.Note(history.Entry{Kind: history.OperatorActed, Reason: "newer"})
		}
	}
}

// A network of one family has no addresses of the other, and IPv4 that is written as IPv6 is IPv4.
func TestNetworksHaveOneFamily(t *testing.T) {
	h := newHistory(t)
	for _, address := range []string{"192.0.2.7", "::ffff:192.0.2.8", "2001:db8::1", "fe80::1%eth0", "", "::1"} {
		h.Note(history.Entry{Kind: history.Kind(event.SignedIn), Address: address})
	}
	for network, want := range map[string]int{
		"::/0": 3, "0.0.0.0/0": 2, "::ffff:0:0/96": 2, "::/64": 1, "192.0.2.9/24": 2, "fe80::/10": 1, "fe80::1%25x": 1,
	} {
		if found := find(t, h, "address="+network); len(found) != want {
			t.Errorf("%s has %d entries, want %d", network, len(found), want)
		}
	}
}

// What is erased is gone from the file as well, and that it was erased is not.
//
// Rows: C7
func TestErase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path)
	visitor := store.NewID()
	for _, e := range []history.Entry{
		{Kind: history.Kind(event.Created), Handle: visitor, Address: "192.0.2.99"},
		{Kind: history.Kind(event.SignedIn), Handle: store.NewID(), Was: visitor, User: "countess-lovelace"},
		{Kind: history.Kind(event.SignedIn), Handle: store.NewID(), User: "grace"},
		{Kind: history.Kind(event.Created), Handle: store.NewID()},
	} {
		h.Note(e)
	}
	n, err := h.Erase(t.Context(), "countess-lovelace", history.Entry{Actor: "root", Address: "192.0.2.1"})
	if n != 2 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	want(t, find(t, h, ""), "history erased", "created", "signed in grace")
	if got, _, err := h.Find(t.Context(), history.Query{Actor: "root"}); err != nil || len(got) != 1 ||
		got[0].Detail != "2" || got[0].Address != "192.0.2.1" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, suffix := range []string{"", "-wal"} {
		if text, _ := os.ReadFile(path + suffix); bytes.Contains(text, []byte("countess")) ||
			bytes.Contains(text, []byte("192.0.2.99")) {
			t.Errorf("the file %q still has the name", suffix)
		}
	}
	if _, err := h.Erase(t.Context(), "", history.Entry{}); err == nil {
		t.Error("everybody's was erased")
	}
}

// A cell of the export is never a formula, and nothing in it is unseen.
func TestExport(t *testing.T) {
	h := newHistory(t)
	const evil = `=HYPERLINK("http://evil.example","x")`
	names := []string{evil, "+1", "-1", "@x", "\tx", "＝1", "ada\u202e", `"quoted", with comma`, "ada"}
	for _, name := range names {
		h.Note(history.Entry{Kind: history.Kind(event.SignedIn), User: name, Reason: "=1+1"})
	}
	h.Flush(t.Context())
	var text bytes.Buffer
	if err := h.WriteCSV(t.Context(), &text, history.Query{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text.Bytes())).ReadAll()
	if err != nil || len(rows) != len(names)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.IndexAny(cell, "=+-@\t") == 0 || strings.ContainsAny(cell, "\u202e") {
				t.Errorf("the cell %q is a formula or has something unseen", cell)
			}
		}
	}
	text.Reset()
	if err := h.WriteJSON(t.Context(), &text, history.Query{}); err != nil {
		t.Fatal(err)
	}
	var entries []history.Entry
	if err := json.Unmarshal(text.Bytes(), &entries); err != nil || len(entries) != len(names) ||
		entries[len(names)-1].User != evil {
		t.Errorf("%v: %s", err, text.Bytes())
	}
	text.Reset()
	if err := h.WriteJSON(t.Context(), &text, history.Query{User: "nobody"}); err != nil || text.String() != "[]\n" {
		t.Errorf("%v: %s", err, text.Bytes())
	}
}

// A file that is no database any more is set aside, and a new history begins.
func TestADamagedFileIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h, err := history.Open(path, history.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	h.Note(history.Entry{Kind: history.OperatorActed, Reason: "x"})
	want(t, find(t, h, ""), "operator acted  x")
	aside, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(aside) != 1 || !strings.Contains(log.String(), "set aside") {
		t.Errorf("%q, %v, log %s", aside, err, &log)
	}
}

func TestNoHistory(t *testing.T) {
	var h *history.History
	h.Note(history.Entry{})
	h.Flush(t.Context())
	if found, _, err := h.Find(t.Context(), history.Query{}); found != nil || err != nil || h.Lost() != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if h, err := history.Look(filepath.Join(t.TempDir(), "none.db")); h != nil || err != nil {
		t.Errorf("%v, %v", h, err)
	}
}
