package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// hooked is a desk with one receiver, which answers with a status.
func hooked(t *testing.T) (d *desk, outbox *webhook.Outbox, status *atomic.Int64) {
	status = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(server.Close)
	secret, err := webhook.ParseSecret(hookSecret)
	if err != nil {
		t.Fatal(err)
	}
	outbox, err = webhook.Open(t.Context(), webhook.Options{
		File: filepath.Join(t.TempDir(), "webhooks.db"), First: time.Millisecond, Most: 2 * time.Millisecond,
		Pause: 2 * time.Millisecond, GiveUp: time.Nanosecond,
	}, webhook.Receiver{Name: "crm", URL: server.URL + "/hooks?key=of-the-url", Secrets: []webhook.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outbox.Close(t.Context()) })
	d = newDesk(t, func(o *console.Options) { o.Webhooks = func() *webhook.Outbox { return outbox } })
	return d, outbox, status
}

// shows waits until the page of webhooks has all of these.
func (b browser) shows(parts ...string) string {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		page := b.get("/webhooks")
		page.want(b.t, http.StatusOK)
		missing := ""
		for _, part := range parts {
			if !strings.Contains(page.body, part) {
				missing = part
			}
		}
		if missing == "" {
			return page.body
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%q is missing in %s", missing, page.body)
		}
	}
}

// An operator sees what is dead, tries it again, and drops it.
func TestOperatorsRaiseTheDead(t *testing.T) {
	d, outbox, status := hooked(t)
	b := d.operator()
	b.shows("crm", "It was sent nothing yet.")
	status.Store(http.StatusBadRequest)
	id := store.NewID()
	for range 2 {
		outbox.Observe(event.Event{Kind: event.SteppedUp, At: time.Now(), Handle: id, User: "<ada>"})
	}
	page := b.shows("2 could not be delivered", "400 Bad Request", id.String(), "session.stepped_up")
	for _, secret := range []string{"of-the-url", "whsec", "MfKQ9r8"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page has %q", secret)
		}
	}
	_, after, _ := strings.Cut(page, `name="number" value="1`)
	number, _, _ := strings.Cut("1"+after, `"`)
	form := url.Values{"receiver": {"crm"}, "return_to": {"/webhooks"}, "number": {number}, "do": {"drop"}}
	b.post("/webhooks/dead", form).wantRedirect(t, "/webhooks")
	b.shows("1 message of crm was dropped", "1 could not be delivered")
	status.Store(http.StatusOK)
	form.Set("number", "all")
	form.Set("do", "retry")
	b.post("/webhooks/dead", form).wantRedirect(t, "/webhooks")
	b.shows("It takes what it is sent.", "<dt>Taken</dt><dd>1</dd>")
}

// An operator has what happened sent again, and switches a receiver on that was gone.
func TestOperatorsReplayAndResume(t *testing.T) {
	d, outbox, status := hooked(t)
	b := d.operator()
	status.Store(http.StatusOK)
	outbox.Observe(event.Event{Kind: event.SignedIn, At: time.Now(), Handle: store.NewID()})
	b.shows("<dt>Taken</dt><dd>1</dd>")
	form := url.Values{"receiver": {"crm"}, "return_to": {"/webhooks"}, "hours": {"1"}}
	b.post("/webhooks/replay", form).wantRedirect(t, "/webhooks")
	b.shows("<dt>Taken</dt><dd>2</dd>")
	status.Store(http.StatusGone)
	b.post("/webhooks/replay", form).wantRedirect(t, "/webhooks")
	b.shows("It answered 410 Gone", "Switch it on")
	status.Store(http.StatusOK)
	b.post("/webhooks/resume", form).wantRedirect(t, "/webhooks")
	b.shows("<dt>Taken</dt><dd>3</dd>", "It takes what it is sent.")
}

// What is no form of the page changes nothing, and so it is for strangers and for other sites.
func TestTheOutboxIsForOperatorsAlone(t *testing.T) {
	d, _, _ := hooked(t)
	b := d.operator()
	for path, form := range map[string]url.Values{
		"/webhooks/dead":   {"receiver": {"crm"}, "number": {"x"}, "do": {"drop"}},
		"/webhooks/replay": {"receiver": {"crm"}, "hours": {"200"}},
		"/webhooks/resume": {"receiver": {"nobody"}},
	} {
		b.post(path, form).want(t, http.StatusBadRequest)
		b.post(path, form, "Sec-Fetch-Site", "cross-site").want(t, http.StatusForbidden)
		if got := d.browser().post(path, form); got.StatusCode != http.StatusSeeOther && got.StatusCode != 401 {
			t.Errorf("%s by a stranger: %d", path, got.StatusCode)
		}
	}
	if got := d.browser().get("/webhooks"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("a stranger gets %d", got.StatusCode)
	}
	newDesk(t).operator().get("/webhooks").want(t, http.StatusOK, "Nobody else hears")
}
