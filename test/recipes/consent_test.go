package recipes

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

// Nothing optional is set before the visitor agrees, it leaves when they change their mind, and each answer is written
// down.
func TestConsent(t *testing.T) {
	receipts, err := os.Create(filepath.Join(t.TempDir(), "receipts"))
	if err != nil {
		t.Fatal(err)
	}
	defer receipts.Close()
	sessions := sessiontest.NewManager(t, session.Options{})
	visitor := sessiontest.NewVisitor(t, sessions, consentSite(sessions, receipts))
	const asks, cookie = "data-coatcheck-consent", "__Host-seen="
	sets := func(w *httptest.ResponseRecorder) string { return strings.Join(w.Header().Values("Set-Cookie"), "\n") }

	w := visitor.Get("/goods/tea")
	if !strings.Contains(w.Body.String(), asks) || sets(w) != "" {
		t.Errorf("before the answer the page is %s, and sets %q", w.Body, sets(w))
	}
	answer := func(what string) *httptest.ResponseRecorder {
		return visitor.PostForm("/consent/", url.Values{"answer": {what}})
	}
	if w := answer("accept"); w.Code != http.StatusSeeOther {
		t.Fatalf("yes: status %d, %s", w.Code, w.Body)
	}
	w = visitor.Get("/goods/tea")
	if strings.Contains(w.Body.String(), asks) || !strings.Contains(sets(w), cookie+"tea") {
		t.Errorf("after yes the page is %s, and sets %q", w.Body, sets(w))
	}
	if w := visitor.Get("/goods/honey"); !strings.Contains(w.Body.String(), `"tea"`) {
		t.Errorf("the next page is %s", w.Body)
	}
	if w := visitor.Get("/cookies"); !strings.Contains(w.Body.String(), "the last page that you looked at") {
		t.Errorf("the page about cookies is %s", w.Body)
	}
	if w := answer("reject"); !strings.Contains(sets(w), cookie+";") {
		t.Errorf("no sets %q, and the cookie stays", sets(w))
	}
	if w := visitor.Get("/goods/honey"); sets(w) != "" || !strings.Contains(w.Body.String(), `""`) {
		t.Errorf("after no the page is %s, and sets %q", w.Body, sets(w))
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		text := read(t, receipts.Name())
		if strings.Count(text, "\n") == 2 && strings.Contains(text, `"withdrawn":["personalization"]`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the receipts are %s", text)
		}
	}
}
