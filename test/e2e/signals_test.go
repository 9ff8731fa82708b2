package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A signalReceiver takes shared signals, and remembers what each was sent with and for whom.
type signalReceiver struct {
	*httptest.Server

	mu    sync.Mutex
	known map[string]bool
	taken []string // AUTHORIZATION AUDIENCE of each, once
}

func newSignalReceiver(t *testing.T) *signalReceiver {
	r := &signalReceiver{known: make(map[string]bool)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *signalReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var claims struct {
		ID       string `json:"jti"`
		Audience any    `json:"aud"`
	}
	if parts := strings.Split(string(body), "."); len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(payload, &claims)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known[claims.ID] {
		r.known[claims.ID] = true
		r.taken = append(r.taken, fmt.Sprintf("%s %v", req.Header.Get("Authorization"), claims.Audience))
	}
	w.WriteHeader(http.StatusAccepted)
}

func (r *signalReceiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// eventually waits until something holds, and fails with what the program has said if it never does.
func (h *program) eventually(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("it never came to pass: %s\n%s", what, h.Output())
		}
	}
}

// signInAndEnd has a session of ada begin, and ends it from outside.
func (h *program) signInAndEnd() {
	h.t.Helper()
	newVisitor(h.t, h.site).post("/login", "user", "ada", "password", "lovelace")
	a := h.ask(http.MethodDelete, "/v1/users/ada/sessions")
	if a.status != http.StatusOK || !strings.Contains(a.body, `"ended":1`) {
		h.t.Fatalf("end the session: %d %s", a.status, a.body)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// signalsTo is a section of a configuration.
func signalsTo(r *signalReceiver, audience, authorization string) string {
	return "shared-signals:\n  url: " + r.URL + "\n  issuer: https://shop.example\n  audience: " + audience +
		"\n  authorization: " + authorization + "\n"
}

// SIGHUP takes up another secret of the receiver of shared signals, whose file the configuration only names, and
// another receiver. A section that is wrong leaves the one before, and without one nobody hears of anything.
func TestSharedSignalsAreReadAgain(t *testing.T) {
	t.Parallel()
	first, second := newSignalReceiver(t), newSignalReceiver(t)
	dir := t.TempDir()
	secret, file := filepath.Join(dir, "secret"), filepath.Join(dir, "coatcheck.yaml")
	upstream := "upstream: " + app(t, "node") + "\nsign-in: /login\n"
	writeFile(t, secret, "Bearer one\n")
	writeFile(t, file, upstream+signalsTo(first, "https://a.example", secret))
	h := open(t, "serve", "--config", file)
	hangUp := func(says string) {
		t.Helper()
		before := strings.Count(h.Output(), says)
		h.Signal(syscall.SIGHUP)
		h.eventually("SIGHUP has it say "+says, func() bool { return strings.Count(h.Output(), says) > before })
	}
	reaches := func(r *signalReceiver, want ...string) {
		t.Helper()
		h.signInAndEnd()
		h.eventually(fmt.Sprintf("the receiver has %q", want), func() bool { return slices.Equal(r.all(), want) })
	}
	const again = "was read again"
	oldSecret, newSecret := "Bearer one https://a.example", "Bearer two https://a.example"
	reaches(first, oldSecret)
	writeFile(t, secret, "Bearer two\n")
	hangUp(again)
	reaches(first, oldSecret, newSecret)

	other := "Bearer two https://b.example"
	writeFile(t, file, upstream+signalsTo(second, "https://b.example", secret))
	hangUp(again)
	reaches(second, other)
	writeFile(t, file, upstream+"shared-signals:\n  url: "+first.URL+"\n")
	hangUp("it needs url, issuer and audience")
	reaches(second, other, other)

	writeFile(t, file, upstream)
	hangUp(again)
	h.signInAndEnd()
	writeFile(t, file, upstream+signalsTo(first, "https://c.example", secret))
	hangUp(again)
	reaches(first, oldSecret, newSecret, "Bearer two https://c.example")
	if got := second.all(); len(got) != 2 {
		t.Errorf("one that is no longer told has %q", got)
	}
	if strings.Contains(h.Output(), "Bearer") {
		t.Errorf("the log has the secret:\n%s", h.Output())
	}
}
