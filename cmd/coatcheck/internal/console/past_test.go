package console_test

import (
	"encoding/csv"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// newPastDesk is a desk with a history, which is told what happens to the sessions.
func newPastDesk(t *testing.T) (*desk, *history.History) {
	h, err := history.Open(filepath.Join(t.TempDir(), "history.db"), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(t.Context()) })
	var st *shakyStore
	d := newDesk(t, func(o *console.Options) {
		st = o.Feed.(*shakyStore)
		o.History = h
		o.Sessions = session.New(st, session.Options{Events: event.NewQueue(h.Observe)})
		withEndings(t, o)
	})
	return d, h
}

// known waits until the history has n entries of a kind.
func known(t *testing.T, h *history.History, kind history.Kind, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		h.Flush(t.Context())
		if got, _, err := h.Find(t.Context(), history.Query{Kind: kind}); err == nil && len(got) >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are no %d of %s", n, kind)
		}
	}
}

// Who ended which session is on the history's page, on the session's own and in both exports, and the operator who
// signed in to do so, too.
//
// Rows: C7
func TestHistoryPages(t *testing.T) {
	d, h := newPastDesk(t)
	id := d.start("ada <b>", "", time.Minute)
	h.Observe(event.Event{Kind: event.SignedIn, Handle: id, User: "ada <b>", Address: "192.0.2.7", Reason: "password"})
	b := d.operator()
	b.get("/session/"+id.String()).want(t, 200, "What has happened", "signed in", "<q>password</q>", "192.0.2.7")
	b.post("/end", url.Values{"handle": {id.String()}}).wantRedirect(t, "/")
	known(t, h, history.Kind(event.Revoked), 1)
	known(t, h, history.OperatorSignedIn, 1)
	b.get("/session/"+id.String()).want(t, 404, "This session has ended", "Just now: ended by ", "from 127.0.0.1",
		"signed in", "ada &lt;b&gt;")
	b.get("/").want(t, 200, `href="/history"`)
	page := b.get("/history")
	page.want(t, 200, "<b>ended</b>", "<b>signed in</b>", "<b>operator signed in</b>", "ada &lt;b&gt;",
		`href="/history.csv"`)
	if strings.Contains(page.body, "ada <b>") {
		t.Error("a name is markup")
	}
	b.get("/history?user=ada+%3Cb%3E&kind=&from=&to=&session=&operator=&address=").want(t, 200, "<b>ended</b>",
		`href="/erase-history?user=ada&#43;%3Cb%3E"`, `value="ada &lt;b&gt;"`, `/history.json?user=ada`)
	b.get("/history?kind=session_revoked&address=127.0.0.0/8&from=2020-01-01T00:00").want(t, 200, "<b>ended</b>",
		"1 shown", `<option value="session_revoked" selected>`, `value="2020-01-01T00:00"`, `value="127.0.0.0/8"`)
	b.get("/history?user=grace").want(t, 200, "Nothing was found.")
	b.get("/history?kind=session_revoked&from=2d&to=0s").want(t, 200, "1 shown", `value="2d"`,
		"/history.csv?from=2d&amp;")
	b.get("/history?address=x&from=-2d").want(t, 400, `role="alert"`, "a network such as", `value="-2d"`)
	b.get("/history?from=later&user=grace").want(t, 400, "a distance from now", `value="grace"`)

	rows, err := csv.NewReader(strings.NewReader(b.get("/history.csv?user=ada+%3Cb%3E").body)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Errorf("%q, %v", rows, err)
	}
	exported := b.get("/history.json?kind=session_revoked")
	var entries []history.Entry
	if err := json.Unmarshal([]byte(exported.body), &entries); err != nil || len(entries) != 1 ||
		entries[0].Handle != id || entries[0].User != "ada <b>" {
		t.Errorf("%v: %s", err, exported.body)
	}
	if got := exported.Header.Get("Content-Disposition"); got != `attachment; filename="history.json"` {
		t.Errorf("disposition %q", got)
	}
	known(t, h, history.OperatorActed, 2)
	for _, path := range []string{"/history", "/history.csv", "/history.json", "/erase-history?user=ada"} {
		if got := d.browser().get(path); got.StatusCode == 200 {
			t.Errorf("a stranger gets %s", path)
		}
	}
}

// Sign-ins that were refused are in the history, those of one minute as few entries.
func TestRefusedSignInsAreInTheHistory(t *testing.T) {
	d, h := newPastDesk(t)
	for range 3 {
		d.browser().post("/sign-in", url.Values{"token": {"wrong"}}).want(t, 401)
	}
	d.browser().get("/sign-in?link=wrong").want(t, 410)
	known(t, h, history.OperatorRefused, 1)
	d.operator().get("/history?kind=operator_refused").want(t, 200, "<b>operator sign-in refused</b>", "1 shown",
		"That is not the token.", "127.0.0.1")
}

// A history is erased after a typed word alone, and that it was stays.
func TestErasePages(t *testing.T) {
	d, h := newPastDesk(t)
	for range 3 {
		h.Note(history.Entry{Kind: history.Kind(event.SignedIn), Handle: store.NewID(), User: "ada"})
	}
	h.Flush(t.Context())
	b := d.operator()
	b.get("/erase-history?user=ada").want(t, 200, "Erase the history of <bdi>ada</bdi>?", "Type <b>erase</b>",
		"cannot be undone")
	b.get("/erase-history").want(t, 400)
	b.post("/erase-history?user=ada", url.Values{"confirm": {"yes"}}).want(t, 422, "Nothing was erased")
	word := url.Values{"confirm": {" erase "}}
	b.post("/erase-history?user=ada", word, "Sec-Fetch-Site", "cross-site").want(t, 403)
	b.get("/history?user=ada").want(t, 200, "3 shown")
	b.post("/erase-history?user=ada", word).wantRedirect(t, "/history")
	b.get("/history").want(t, 200, "3 entries of ada were erased.", "<b>history erased</b>", "3 entries")
	b.get("/history?user=ada").want(t, 200, "Nothing was found.")
}

func TestPagesOfTheHistory(t *testing.T) {
	d, h := newPastDesk(t)
	for range 120 {
		h.Note(history.Entry{Kind: history.OperatorActed, Actor: "root"})
	}
	h.Flush(t.Context())
	b := d.operator()
	next, n := "/history?operator=root", 0
	for next != "" {
		page := b.get(next)
		page.want(t, 200)
		n += strings.Count(page.body, "<b>operator acted</b>")
		next = ""
		if _, rest, ok := strings.Cut(page.body, `<a class="button older" href="`); ok {
			next, _, _ = strings.Cut(rest, `"`)
			next = strings.ReplaceAll(next, "&amp;", "&")
		}
	}
	if n != 120 {
		t.Errorf("%d entries on all pages", n)
	}
}

func TestNoHistoryIsKept(t *testing.T) {
	b := newDesk(t).operator()
	b.get("/history").want(t, 200, "No history is kept.")
	b.get("/session/"+store.NewID().String()).want(t, 404, "This session has ended", "or there never was")
}
