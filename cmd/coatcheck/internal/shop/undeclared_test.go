package shop_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium/chromiumtest"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/state/statetest"
	"coatcheck.dev/store/memory"
)

// undeclared is what somebody has added to the shop in a hurry.
const undeclared = `package shop

import (
	"net/http"

	"coatcheck.dev/session"
)

var visits = session.NewKey[int]("visits")

func count(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "debug", Value: "1"})
	_ = visits.Set(session.From(r.Context()), 1)
}
`

// visits and count are the same, compiled.
var visits = session.NewKey[int]("visits")

func count(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "debug", Value: "1"})
	_ = visits.Set(session.From(r.Context()), 1)
}

// said is a test that only notes what is said.
type said struct{ lines []string }

func (*said) Helper() {}
func (s *said) Errorf(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}
func (s *said) Fatalf(format string, args ...any) { s.Errorf("FATAL "+format, args...) }
func (*said) Cleanup(func())                      {}

// An undeclared cookie or key fails the test that holds STATE.md to the code.
func TestWhatIsUndeclaredFailsTheGoldenTest(t *testing.T) {
	folder := t.TempDir()
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, name := range append(files, statetest.File) {
		text, err := os.ReadFile(name)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(folder, name), text, 0o644))
	}
	t.Chdir(folder)
	var clean, dirty, later said
	statetest.Golden(&clean, shop.Inventory)
	if len(clean.lines) > 0 {
		t.Errorf("a copy of the shop: %q", clean.lines)
	}
	must(t, os.WriteFile("count.go", []byte(undeclared), 0o644))
	statetest.Golden(&dirty, shop.Inventory)
	if text := strings.Join(dirty.lines, "\n"); len(dirty.lines) != 2 ||
		!strings.Contains(text, `count.go:9:14: nobody declared the session "visits"`) ||
		!strings.Contains(text, `count.go:12:21: nobody declared the cookie "debug"`) {
		t.Errorf("with an undeclared cookie and key: %s", text)
	}
	must(t, os.Remove("count.go"))
	more := shop.InventoryOf(session.Options{})
	more.Declare(state.Entry{Name: "debug", Place: state.InCookie, Purpose: state.Essential, Description: "x"})
	statetest.Golden(&later, more)
	if len(later.lines) != 2 || !strings.Contains(later.lines[0], "Cookies: `debug` is new") {
		t.Errorf("with another declaration: %q", later.lines)
	}
}

// The same, while the shop runs: it goes on, and says so.
func TestWhatIsUndeclaredIsReportedAtRunTime(t *testing.T) {
	queue := event.NewQueue()
	drift := state.NewDrift(shop.Inventory, state.DriftOptions{Events: queue})
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login", CheckKey: drift.CheckKey})
	mux := http.NewServeMux()
	mux.Handle("/", shop.New(sessions, shop.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}))
	mux.Handle("/count", sessions.Handler(http.HandlerFunc(count)))
	h := drift.Handler(mux)
	for _, path := range []string{"/", "/count", "/goods/tea", "/count"} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != http.StatusOK {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	want := []state.Finding{
		{Kind: event.UndeclaredCookie, Name: "debug", Reason: "a response set it", Where: "GET /count", Count: 2},
		{Kind: event.UndeclaredKey, Name: "visits", Reason: "it was set in a session", Count: 2},
	}
	if got := drift.Findings(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("found %+v", got)
	}
	must(t, sessions.Close(t.Context()))
}

// And a real browser finds the cookie. It sees no keys of the session, which are on the server.
func TestWhatIsUndeclaredFailsTheAudit(t *testing.T) {
	chromiumtest.Need(t)
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login"})
	mux := http.NewServeMux()
	mux.Handle("/", shop.New(sessions, shop.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}))
	mux.Handle("/count", sessions.Handler(http.HandlerFunc(count)))
	server := httptest.NewServer(mux)
	defer server.Close()
	a, err := audit.Look(t.Context(), &audit.Options{
		Pages: []string{server.URL + "/cookies", server.URL + "/count"}, Inventory: shop.Inventory,
	})
	must(t, err)
	if found := a.Drifts(); len(found) != 1 || found[0].Name != "debug" {
		t.Errorf("found %+v", found)
	}
	must(t, sessions.Close(t.Context()))
}
