package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const appKeeps = `{"version": 1, "entries": [
	{"name": "lang", "place": "cookie", "purpose": "preference", "description": "the visitor's language"},
	{"name": "cart", "place": "session", "purpose": "essential", "description": "what they want to buy"}
]}`

// The gate compares what an app in any language keeps with what it declares, and changes nothing.
func TestTheGateReportsWhatTheAppDoesNotDeclare(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: "de"})
		http.SetCookie(w, &http.Cookie{Name: "debug", Value: "1"})
		w.Header().Add("Coatcheck-Set", `cart=["tea"]`)
		w.Header().Add("Coatcheck-Set", `stray=1`)
	}))
	defer app.Close()
	path := filepath.Join(t.TempDir(), "inventory.json")
	if err := os.WriteFile(path, []byte(appKeeps), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, t.TempDir(), "serve", "--upstream", app.URL, "--inventory", path)
	b := newBrowser(t)
	b.send(r.site+"/", nil)
	b.cookies["planted"] = "1"
	b.cookies["__Host-coatcheck-console"] = "not the app's"
	b.send(r.site+"/", nil)
	if b.cookies["debug"] != "1" || b.cookies["__Host-session"] == "" {
		t.Errorf("the browser has %v", b.cookies)
	}
	_, text := r.api("GET", "/metrics")
	for _, want := range []string{
		`coatcheck_state_drift_total{kind="state_cookie_undeclared"} 2`,
		`coatcheck_state_drift_total{kind="state_key_undeclared"} 2`,
		`coatcheck_state_drift_total{kind="state_cookie_different"} 0`,
		`coatcheck_state_drift_total{kind="state_cookie_unknown"} 2`, // planted, and debug that came back
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// What the demo shop keeps is compared as well, with the cookies of devices.
func TestTheDemoKeepsWhatItDeclares(t *testing.T) {
	r := start(t, t.TempDir(), "demo", "--bind-devices=offered")
	b := newBrowser(t)
	b.signIn(t, r.site)
	b.register(r.site, b.last.Get("Secure-Session-Registration"))
	b.send(r.site+"/", nil)
	_, text := r.api("GET", "/metrics")
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "coatcheck_state_drift_total") && !strings.HasSuffix(line, " 0") {
			t.Error(line)
		}
	}
	if n := strings.Count(text, "coatcheck_state_drift_total{"); n != 4 {
		t.Errorf("%d kinds are counted", n)
	}
}
