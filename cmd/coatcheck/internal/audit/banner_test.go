package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium/chromiumtest"
	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/jar"
	"coatcheck.dev/state"
)

// asking is a site with a banner in a shadow root. It sets "early" without asking, and "late" as the visitor agrees,
// which it deletes at a withdrawal; "stays" it forgets to delete.
func asking(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		set := func(line string) { w.Header().Add("Set-Cookie", line+"; Path=/; SameSite=Lax") }
		set("early=1; Max-Age=60")
		answer, _ := r.Cookie("answer")
		banner := `<button data-coatcheck-consent="reject" onclick="say('no')">No</button>
			<button data-coatcheck-consent="accept" onclick="say('yes')">Yes</button>`
		switch {
		case answer == nil:
		case r.URL.Query().Has("change"):
		case answer.Value == "yes":
			set("late=1")
			set("stays=1")
			banner = `<button data-coatcheck-consent="settings" onclick="location='/?change'">Change</button>`
		default:
			set("late=; Max-Age=0")
			banner = ""
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>Asks</title><div id="banner"></div><script>
			function say(what) { document.cookie = "answer=" + what + "; path=/; samesite=lax"; location = "/" }
			document.querySelector("#banner").attachShadow({mode: "open"}).innerHTML = %q</script>`,
			strings.ReplaceAll(banner, "\t", ""))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// What needs consent is drift before a choice, after a refusal and after a withdrawal, and is none after an agreement.
// A script that gets stuck is a note of its scene. Cookies of a file are brought along.
func TestConsent(t *testing.T) {
	chromiumtest.Need(t)
	t.Parallel()
	inv := state.NewInventory()
	for name, purpose := range map[string]state.Purpose{"answer": state.Essential, "early": state.Analytics,
		"late": state.Analytics, "stays": state.Marketing, "brought": state.Essential} {
		inv.Declare(state.Entry{Name: name, Place: state.InCookie, Purpose: purpose, Lifetime: time.Minute,
			Description: "a test"})
	}
	a, err := audit.Look(t.Context(), &audit.Options{Pages: []string{asking(t) + "/"}, Inventory: inv,
		Scripts:  []*audit.Script{script(t, "stuck", "click ]]")},
		Cookies:  []jar.Cookie{{Name: "brought", Value: "s3cret", Domain: "localhost", HostOnly: true, Path: "/"}},
		Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, i := range a.Items {
		got[i.Name] = strings.Join(i.Scenes, ", ")
		for _, p := range i.Problems {
			got[i.Name] += "; " + p.Rule + strings.TrimPrefix(strings.Split(p.Message, ",")[0], "it is there")
		}
	}
	want := map[string]string{
		"answer": "after a refusal, after an agreement, after a withdrawal",
		"early": "before a choice, after a refusal, after an agreement, after a withdrawal, with cookies of a file; " +
			"without-consent before a choice; without-consent after a refusal; without-consent after a withdrawal",
		"late":    "after an agreement",
		"stays":   "after an agreement, after a withdrawal; without-consent after a withdrawal",
		"brought": "with cookies of a file",
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %q, want %q", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("found %v", got)
	}
	last := a.Scenes[len(a.Scenes)-1]
	if last.Name != "script stuck" || !strings.Contains(last.Note, `line 1: "]]" is no selector`) {
		t.Errorf("%+v", last)
	}
}

// A site that is not there is one status, and nothing to judge another.
func TestStatuses(t *testing.T) {
	chromiumtest.Need(t)
	t.Parallel()
	empty := httptest.NewServer(http.NotFoundHandler())
	defer empty.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct {
		url  string
		want check.Status
		says string
	}{{gone.URL, check.Unreachable, "ERR_CONNECTION_REFUSED"}, {empty.URL, check.Nothing, "the site keeps nothing"}} {
		var out bytes.Buffer
		err := audit.Run(t.Context(), &audit.Options{Pages: []string{tt.url}, NoShots: true},
			audit.Output{Format: "text", FailOn: "note"}, &out)
		var status *check.Error
		if !errors.As(err, &status) || status.Status != tt.want || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v\n%s", tt.url, err, &out)
		}
	}
}

// What makes no sense is said before a browser starts.
func TestOptions(t *testing.T) {
	for says, o := range map[string]audit.Options{
		"nothing to audit":       {},
		"is not a URL":           {Pages: []string{"shop.example"}},
		"--links":                {Pages: []string{"http://shop.example/"}, Links: -1},
		"--settle":               {Pages: []string{"http://shop.example/"}, Settle: time.Hour},
		"go together":            {Pages: []string{"http://shop.example/"}, Accept: ".yes"},
		"no Chromium at /nosuch": {Pages: []string{"http://shop.example/"}, Chromium: "/nosuch"},
	} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
