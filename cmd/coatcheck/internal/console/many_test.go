package console_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/event"
)

// newEndingDesk is a desk with an index and jobs that end what a search finds.
func newEndingDesk(t *testing.T) *desk {
	return newDesk(t, func(o *console.Options) { withEndings(t, o) })
}

func withEndings(t *testing.T, o *console.Options) {
	folder := t.TempDir()
	o.Index = index.Open(index.Options{
		Path: filepath.Join(folder, "index.db"), Store: "test", Source: o.Sessions, Feed: o.Feed, CheckEvery: time.Hour,
	})
	t.Cleanup(o.Index.Close)
	jobs, err := ending.Open(ending.Options{
		Path: filepath.Join(folder, "endings.db"), Sessions: o.Sessions, Finder: o.Index, Feed: o.Feed,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = jobs.Close() })
	o.Endings = jobs
}

// No page says that there are no jobs while their file cannot be opened.
func TestEndingsThatCannotBeOpened(t *testing.T) {
	b := newDesk(t).operator()
	const says = "Sessions cannot be ended by a search now"
	b.get("/endings").want(t, 503, says)
	b.get("/ending/x").want(t, 503, says)
	b.post("/end-found?name=AD", nil).want(t, 503, says)
}

// What a search has found ends after a look at it, a reason and, if it is much, the number of sessions; and the page
// says what came of it.
//
// Rows: ASVS 7.4.5
func TestEndWhatWasFound(t *testing.T) {
	d := newEndingDesk(t)
	other := d.start("grace", "", time.Minute)
	for range 101 {
		d.start("ada", "", time.Hour)
	}
	b := d.operator()
	var asked reply
	for deadline := time.Now().Add(10 * time.Second); ; { // until the index has them
		asked = b.post("/end-found?name=AD", nil)
		if asked.StatusCode == 303 || time.Now().After(deadline) {
			break
		}
	}
	page := asked.Header.Get("Location")
	if !strings.HasPrefix(page, "/ending/") {
		t.Fatalf("%d to %q: %s", asked.StatusCode, page, asked.body)
	}
	b.get("/?name=AD").want(t, 200, `action="/end-found?name=AD"`, "End these 101…")
	b.get(page).want(t, 200, "End these 101 sessions?", "name AD", "Undo does not exist", "The first 20 of them",
		"Type <b>101</b>", `name="newer"`)
	form := url.Values{"reason": {"leaked <tickets>"}, "confirm": {"101"}}
	b.post(page, url.Values{"reason": {"x"}, "confirm": {"yes"}}).want(t, 422, "Nothing has ended", "101", `value="x"`)
	b.post(page, url.Values{"confirm": {"101"}}).want(t, 422, "A reason is needed")
	b.post(page, form, "Sec-Fetch-Site", "cross-site").want(t, 403)
	b.post(page, form).wantRedirect(t, page)
	for deadline := time.Now().Add(20 * time.Second); ; {
		if got := b.get(page); strings.Contains(got.body, `data-state="done"`) {
			got.want(t, 200, "101 sessions have ended", "<dt>Failed</dt><dd>0</dd>", "leaked &lt;tickets&gt;")
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
	}
	if !d.there(other) {
		t.Error("one that was not found has ended")
	}
	ends := 0
	for ends < 101 {
		if e := <-d.events; e.Kind == event.Revoked {
			if ends++; e.Actor != "operator" || !strings.Contains(e.Reason, "leaked <tickets>") || e.Address == "" {
				t.Fatalf("event %+v", e)
			}
		}
	}
	b.get(page+"/csv").want(t, 200, "session,outcome", ",ended")
	b.get("/endings").want(t, 200, "101 of 101", "leaked &lt;tickets&gt;")
	b.post(page, form).want(t, 422, "has been started already")
	b.post(page+"/cancel", nil).wantRedirect(t, page)
	b.get("/ending/none").want(t, 404)
	b.post("/end-found?address=x", nil).want(t, 400)
}

// A not-before is set after a look at what it would end, a reason and, for many, a word.
//
// Rows: ASVS 7.4.5
func TestNotBeforePage(t *testing.T) {
	d := newEndingDesk(t)
	old, young := d.start("ada", "", 2*time.Hour), d.start("ada", "", time.Minute)
	other := d.start("grace", "", 2*time.Hour)
	b := d.operator()
	b.get("/").want(t, 200, `href="/not-before"`)
	b.get("/not-before").want(t, 200, "End what began before a moment", `type="datetime-local"`)
	b.get("/not-before?before=yesterday").want(t, 400, `role="alert"`)
	b.get("/not-before?before=2999-01-01T00:00").want(t, 400, "in the future")
	before := time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04")
	ada := "/not-before?user=ada&before=" + before
	var page reply
	for deadline := time.Now().Add(10 * time.Second); ; { // until the index has them
		if page = b.get(ada); strings.Contains(page.body, "<b>1</b> live session") || time.Now().After(deadline) {
			break
		}
	}
	page.want(t, 200, "End what <bdi>ada</bdi> began by then?", "<b>1</b> live session that began by",
		"Undo does not exist", "The first 1 of them")
	b.post(ada, url.Values{"reason": {" "}}).want(t, 422, "give a reason")
	b.post(ada, url.Values{"reason": {"x"}}, "Sec-Fetch-Site", "cross-site").want(t, 403)
	b.post(ada, url.Values{"reason": {"a laptop was stolen"}}).wantRedirect(t, "/?user=ada")
	e := <-d.events
	for e.Kind == event.CrossSite {
		e = <-d.events
	}
	if e.Kind != event.Revoked || e.Actor != "operator" || e.Reason != "a laptop was stolen" || e.Before.IsZero() {
		t.Errorf("event %+v", e)
	}
	b.get("/session/"+old.String()).want(t, 404)
	b.get("/session/"+young.String()).want(t, 200)
	b.get("/session/"+other.String()).want(t, 200)

	all := "/not-before?user=&before=" + before
	b.get(all).want(t, 200, "End what everybody began by then?", "Type <b>everybody</b>")
	b.post(all, url.Values{"reason": {"x"}, "word": {"everybody"}, "confirm": {"ada"}}).want(t, 422)
	b.post(all, url.Values{"reason": {"x"}, "word": {""}, "confirm": {""}}).want(t, 422)
	b.post(all, url.Values{"reason": {"x"}, "word": {"everybody"}, "confirm": {"everybody"}}).wantRedirect(t, "/")
	b.get("/session/"+other.String()).want(t, 404)
	b.get("/session/"+young.String()).want(t, 200)
}
