package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/test/internal/disk"
)

// While the disk under the outbox is full, what happens to sessions waits in memory, and people sign in as ever. Once
// there is room, everything is sent.
func TestAFullDiskUnderTheOutbox(t *testing.T) {
	t.Parallel()
	d := disk.New(t, "")
	if !d.Small {
		t.Skip("needs root to mount a small disk")
	}
	var mu sync.Mutex
	taken := make(map[string]bool)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		taken[r.Header.Get("webhook-id")] = true
	}))
	t.Cleanup(receiver.Close)
	file := filepath.Join(t.TempDir(), "coatcheck.yaml")
	writeFile(t, file, "upstream: "+app(t, "node")+"\nsign-in: /login\nstore: sqlite:"+
		filepath.Join(t.TempDir(), "sessions.db")+"\nwebhooks:\n  - name: crm\n    url: "+receiver.URL+
		"\n    kinds: [session.signed_in]\n    secrets: ["+newHookSecret()+"]\n")
	h := openSpec(t, spec(t, filepath.Join(d.Dir, "data"), "serve", "--config", file))
	signedIn := 0
	signIn := func() {
		t.Helper()
		if a := newVisitor(t, h.site).post("/login", "user", "ada", "password", "lovelace"); a.status >= 400 {
			t.Fatalf("sign in: %d %s", a.status, a.body)
		}
		signedIn++
	}
	sent := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(taken) == signedIn
	}
	signIn()
	h.eventually("the first is sent", sent)
	d.Fill()
	h.eventually("the full disk is told", func() bool {
		signIn()
		return strings.Contains(h.Output(), "the outbox cannot be written; events wait in memory")
	})
	signIn()
	d.Free()
	h.eventually("all are sent", sent)
	h.eventually("that there is room is told", func() bool {
		return strings.Contains(h.Output(), "the outbox is written again")
	})
	signIn()
	h.eventually("the last one is sent", sent)
	if code := h.Term(); code != 0 {
		t.Errorf("the program ends with %d:\n%s", code, h.Output())
	}
}
