package console_test

import (
	"net/netip"
	"net/url"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// behind is a desk that believes a gate in a network.
func behind(t *testing.T, network string) *desk {
	d := newDesk(t, func(o *console.Options) { o.TrustUserFrom = []netip.Prefix{netip.MustParsePrefix(network)} })
	d.staff("bob", operator.Viewer)
	d.staff("eve", operator.Support)
	d.staff("prometheus", operator.Metrics)
	return d
}

const user = "Coatcheck-User"

// The gate signs in whom it names, for as long as it names them.
//
// Rows: A29
func TestGateSignsIn(t *testing.T) {
	d := behind(t, "127.0.0.0/8")
	b := d.browser()
	b.get("/", user, "bob").want(t, 200, "<bdi>bob</bdi>", "viewer")
	b.get("/v1/sessions", user, "bob").want(t, 200)
	b.get("/", user, "eve").want(t, 200, "<bdi>eve</bdi>")
	b.get("/v1/sessions").want(t, 401) // the gate has signed them out
	b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")

	b.get("/", user, "bob").want(t, 200)
	b.post("/sign-out", nil, user, "bob").wantRedirect(t, "/sign-in")
	b.get("/sign-in", user, "bob").want(t, 200, "Sign in behind the counter")
}

// A stranger's header counts for nothing, nor does that of a name that is no operator's.
func TestOtherHeadersDoNotSignIn(t *testing.T) {
	far, near := behind(t, "192.0.2.0/24"), behind(t, "127.0.0.0/8")
	none := newDesk(t)
	none.staff("bob", operator.Viewer)
	for what, try := range map[string]func() reply{
		"from elsewhere":  func() reply { return far.browser().get("/", user, "bob") },
		"no gate":         func() reply { return none.browser().get("/", user, "bob") },
		"nobody":          func() reply { return near.browser().get("/", user, "mallory") },
		"empty":           func() reply { return near.browser().get("/", user, "") },
		"other case":      func() reply { return near.browser().get("/", user, "Bob") },
		"no console":      func() reply { return near.browser().get("/", user, "prometheus") },
		"not for a page":  func() reply { return near.browser().get("/", user, "bob", "Accept", "*/*") },
		"by the way back": func() reply { return near.browser().get("/events", user, "bob", "Accept", "*/*") },
	} {
		if got := try(); got.StatusCode != 303 && got.StatusCode != 401 || len(got.Cookies()) != 0 {
			t.Errorf("%s: %d, %v", what, got.StatusCode, got.Cookies())
		}
	}
	id := near.start("ada", "", time.Minute)
	near.browser().post("/end", url.Values{"handle": {id.String()}}, user, "eve").want(t, 401)
	near.browser().do("DELETE", "/v1/sessions/"+id.String(), nil, user, "eve").want(t, 401)
	if !near.there(id) {
		t.Error("a header has ended a session")
	}
	// Whoever signs in by a link stays, whatever a header says.
	b := far.as("bob")
	b.get("/", user, "eve").want(t, 200, "<bdi>bob</bdi>")
	b = near.as("bob")
	b.get("/", user, "eve").want(t, 200, "<bdi>bob</bdi>")
}

// The gate's word is no more than the first factor.
func TestGateAndPasskey(t *testing.T) {
	d := behind(t, "127.0.0.0/8")
	byName(d)
	b := d.browser()
	device := newDevice(t, d.server.URL)
	page := b.get("/passkeys", user, "bob")
	b.post("/passkeys", url.Values{"answer": {device.create(page.body)}}, user, "bob").wantRedirect(t, "/passkeys")
	b = d.browser()
	b.get("/", user, "bob").wantRedirect(t, "/sign-in/passkey")
	page = b.get("/sign-in/passkey", user, "bob")
	b.post("/sign-in/passkey", url.Values{"answer": {device.show(page.body)}}, user, "bob").wantRedirect(t, "/")
	b.get("/", user, "bob").want(t, 200, "<bdi>bob</bdi>")
	b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
}
