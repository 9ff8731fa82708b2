package statetest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/state"
	"coatcheck.dev/state/statetest"
)

// report is a test that only notes what is said.
type report struct {
	said     []string
	cleanups []func()
}

func (r *report) Helper() {}
func (r *report) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *report) Fatalf(format string, args ...any) { r.Errorf("FATAL "+format, args...) }
func (r *report) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }

func (r *report) check(t *testing.T, want ...string) {
	t.Helper()
	if len(r.said) != len(want) {
		t.Errorf("said %q, want %d lines", r.said, len(want))
		return
	}
	for i, said := range r.said {
		if !strings.Contains(said, want[i]) {
			t.Errorf("said %q, want %q", said, want[i])
		}
	}
	r.said = nil
}

func inventory(names ...string) *state.Inventory {
	inv := state.NewInventory()
	for _, name := range names {
		state.NewCookie[string](inv, state.CookieSpec{Name: name, Purpose: state.Preference, Lifetime: time.Hour,
			Description: "a *choice* | <b>of</b> the visitor", Owner: "Ada"})
	}
	return inv
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGoldenFailsWhenSomethingAppearsChangesOrGoes(t *testing.T) {
	t.Chdir(t.TempDir())
	var r report
	statetest.Golden(&r, inventory("theme", "lang"))
	r.check(t, "there is no STATE.md yet")

	t.Setenv("COATCHECK_UPDATE", "1")
	statetest.Golden(&r, inventory("theme", "lang"))
	r.check(t)
	text, err := os.ReadFile("STATE.md")
	if err != nil || !strings.Contains(string(text), "| `__Host-lang` | cookie | visitor | personal | preference "+
		"| 1 hour | a \\*choice\\* \\| &lt;b&gt;of&lt;/b&gt; the visitor "+
		"| Path=/, Secure, HttpOnly, SameSite=Lax; owner: Ada |") {
		t.Errorf("%v\n%s", err, text)
	}
	t.Setenv("COATCHECK_UPDATE", "")

	statetest.Golden(&r, inventory("lang", "theme"))
	r.check(t)
	statetest.Golden(&r, inventory("lang", "theme", "debug"))
	r.check(t, "Cookies: `__Host-debug` is new", "STATE.md is not what the inventory says")
	statetest.Golden(&r, inventory("lang"))
	r.check(t, "Cookies: `__Host-theme` is declared no more", "STATE.md is not what the inventory says")

	changed := inventory("lang")
	state.NewCookie[string](changed, state.CookieSpec{Name: "theme", Purpose: state.Essential, Lifetime: time.Hour,
		Description: "a choice"})
	statetest.Golden(&r, changed)
	r.check(t, "Cookies: `__Host-theme` has changed\n\twas cookie | visitor | personal | preference", "STATE.md is not")

	write(t, "STATE.md", strings.ReplaceAll(string(text), "\n", "\r\n"))
	statetest.Golden(&r, inventory("lang", "theme"))
	r.check(t)
	write(t, "STATE.md", string(text)+"A sentence of somebody.\n")
	statetest.Golden(&r, inventory("lang", "theme"))
	r.check(t, "STATE.md is not what the inventory says")
}

func TestGoldenFailsForWhatTheCodeDoesNotDeclare(t *testing.T) {
	t.Chdir(t.TempDir())
	inv := inventory("theme")
	inv.Declare(state.Entry{Name: "seen-*", Place: state.InSession, Purpose: state.Essential, Description: "x"})
	var r report
	t.Setenv("COATCHECK_UPDATE", "1")
	write(t, "main.go", `package main
import ("net/http"; sess "coatcheck.dev/session"; "coatcheck.dev/cookie"; other "example.com/session")
const stray = "stray"
var (
	_ = sess.NewKey[int]("seen-tea")
	_ = sess.NewKey[map[string]int]("undeclared")
	_ = other.NewKey[int]("of another library")
	_ = http.Cookie{Name: "__Host-theme"}
	_ = &http.Cookie{Name: stray, Value: "1"}
	_ = http.Cookie{Name: "old", MaxAge: -1}
	_ = cookie.Cookie{Name: "older", Delete: true}
	_ = cookie.Cookie{Name: os.Args[0]}
	_ = []cookie.Cookie{}
)`)
	write(t, "sub/sub.go", `package sub
import "coatcheck.dev/cookie"
func f() { cookie.Set(nil, &cookie.Cookie{Name: "below"}) }`)
	for _, left := range []string{"main_test.go", "testdata/x.go", "vendor/x.go", ".git/x.go", "_x/x.go",
		"module/x.go"} {
		write(t, left, `package x
import "net/http"
var _ = http.Cookie{Name: "left out"}`)
	}
	write(t, "module/go.mod", "module x")
	statetest.Golden(&r, inv)
	r.check(t, `main.go:6:6: nobody declared the session "undeclared"`,
		`main.go:9:7: nobody declared the cookie "stray"`,
		`sub.go:3:29: nobody declared the cookie "below"`)
	write(t, "sub/broken.go", "package")
	statetest.Golden(&r, inv)
	if n := len(r.said); n != 3 || !strings.Contains(r.said[2], "FATAL statetest: read the code") {
		t.Errorf("said %q", r.said)
	}
}

func TestNoDrift(t *testing.T) {
	drift := state.NewDrift(inventory("theme"), state.DriftOptions{})
	var r report
	statetest.NoDrift(&r, drift)
	h := drift.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "debug"})
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	r.check(t)
	r.cleanups[0]()
	r.check(t, `state_cookie_undeclared: "debug": a response set it (1 times, first in "GET /x")`)
}
