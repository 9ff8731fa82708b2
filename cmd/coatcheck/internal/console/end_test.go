package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

func TestEndOne(t *testing.T) {
	d := newDesk(t)
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	id, other := d.start("ada", agent, time.Minute), d.start("ada", "", time.Minute)
	b := d.operator()
	form := url.Values{"handle": {id.String()}, "return_to": {"/?user=ada"}}
	b.post("/end", form).wantRedirect(t, "/?user=ada")
	if d.there(id) || !d.there(other) {
		t.Fatalf("it is there: %v; the other one is: %v", d.there(id), d.there(other))
	}
	e := <-d.events
	if e.Kind != event.Revoked || e.Handle != id || e.Actor != "operator" ||
		!strings.Contains(e.Reason, "console session") {
		t.Errorf("event %+v does not say that the console's operator revoked it", e)
	}

	// What has happened is said once, and not to the page that only follows along.
	said := "The session of ada, Firefox on Linux, has ended."
	if got := b.get("/?user=ada", "Coatcheck-Live", "1"); strings.Contains(got.body, said) {
		t.Error("the notice went to a page that looks by itself")
	}
	b.get("/?user=ada").want(t, 200, said)
	if got := b.get("/?user=ada"); strings.Contains(got.body, said) {
		t.Error("the notice came twice")
	}

	b.post("/end", form).wantRedirect(t, "/?user=ada")
	b.get("/").want(t, 200, "This session had already ended.")
	b.post("/end", url.Values{"handle": {d.start("", "", 0).String()}}).wantRedirect(t, "/")
	b.get("/").want(t, 200, "The session of a visitor has ended.")
}

func TestEndNothing(t *testing.T) {
	d := newDesk(t)
	b := d.operator()
	for _, handle := range []string{"", "x", store.NewID().String() + "A", "../../etc"} {
		b.post("/end", url.Values{"handle": {handle}}).want(t, 400, "The form does not name a session.")
	}
	for _, user := range []string{"", strings.Repeat("u", 256)} {
		b.post("/end-user", url.Values{"user": {user}}).want(t, 400, "The form does not name a user.")
	}
}

func TestEndAllOfAUser(t *testing.T) {
	d := newDesk(t)
	ids := []store.ID{d.start("ada", "", time.Minute), d.start("ada", "", time.Hour), d.start("ada", "", 2*time.Hour)}
	other, visitor := d.start("grace", "", time.Minute), d.start("", "", time.Minute)
	b := d.operator()
	b.get("/end-user?user=ada").want(t, 200, "End all 3 sessions of <bdi>ada</bdi>?", `action="/end-user?user=ada"`,
		"Keep them")
	b.post("/end-user", url.Values{"user": {"ada"}, "return_to": {"/?user=ada"}}).wantRedirect(t, "/?user=ada")
	for _, id := range ids {
		if d.there(id) {
			t.Errorf("%s is still there", id)
		}
		if e := <-d.events; e.Kind != event.Revoked || e.Actor != "operator" || e.User != "ada" {
			t.Errorf("event %+v", e)
		}
	}
	if !d.there(other) || !d.there(visitor) {
		t.Error("others were ended too")
	}
	b.get("/?user=ada").want(t, 200, "3 sessions of ada have ended.")
	b.get("/end-user?user=ada").want(t, 200, "Nothing to end")
}

// Everybody's sessions end after a typed word alone, and from then on they are neither listed nor counted.
//
// Rows: ASVS 7.4.5
func TestEndEverybody(t *testing.T) {
	d := newDesk(t)
	d.start("ada", "", time.Minute)
	d.start("", "", time.Minute)
	b := d.operator()
	b.get("/").want(t, 200, `href="/end-everybody"`)
	b.get("/end-everybody").want(t, 200, "All 2 sessions end,", "Type <b>everybody</b>", "End all 2")
	for _, word := range []string{"", "yes", "Everybody", "everybody!"} {
		b.post("/end-everybody", url.Values{"confirm": {word}}).want(t, 422, "Nothing has ended", `role="alert"`)
	}
	word := url.Values{"confirm": {" everybody "}}
	b.post("/end-everybody", word, "Sec-Fetch-Site", "cross-site").want(t, 403, "Nothing was changed.")
	if got := d.browser().post("/end-everybody", word); got.StatusCode == http.StatusSeeOther &&
		got.Header.Get("Location") == "/" {
		t.Error("a stranger may end everybody's sessions")
	}
	b.get("/").want(t, 200, "<b>2</b> live sessions")

	b.post("/end-everybody", word).wantRedirect(t, "/")
	e := <-d.events
	for e.Kind == event.CrossSite {
		e = <-d.events
	}
	if e.Kind != event.Revoked || e.Actor != "operator" || !strings.Contains(e.Reason, "everybody") {
		t.Errorf("event %+v", e)
	}
	b.get("/").want(t, 200, "All sessions have ended: there were 2.", "<b>0</b> live sessions", "The counter is empty.")
	b.get("/?user=ada").want(t, 200, "<b>0</b> sessions of")
	b.get("/end-user?user=ada").want(t, 200, "Nothing to end")
	d.start("grace", "", -time.Second)
	b.get("/").want(t, 200, "<b>1</b> live session<")
}

// The empty user is nobody, not everybody who has not signed in.
func TestVisitorsAreNotAUser(t *testing.T) {
	d := newDesk(t)
	id := d.start("", "", time.Minute)
	b := d.operator()
	if got := b.get("/"); strings.Contains(got.body, "/end-user") {
		t.Error("the page offers to end all visitors' sessions")
	}
	b.post("/end-user", url.Values{"user": {""}}).want(t, 400)
	if !d.there(id) {
		t.Error("it was ended")
	}
}
