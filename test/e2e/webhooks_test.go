package e2e_test

import (
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// A hookReceiver is a program in Node that verifies webhooks with the public library.
type hookReceiver struct {
	*proc.Process
	address string
	before  string // what earlier ones have said
}

func openReceiver(t *testing.T, address, secret string) *hookReceiver {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	modules := tool.File(t, "npm package standardwebhooks",
		filepath.Join(cache, "coatcheck", "webhook-verifier-1", "package.json"))
	_, port, _ := strings.Cut(address, ":")
	p := proc.Start(t, proc.Spec{
		Path: tool.Find(t, "node"), Args: []string{"testdata/receiver.mjs"},
		Env: []string{"PORT=" + port, "SECRET=" + secret, "MODULES=" + modules},
	})
	p.AwaitListening(address)
	return &hookReceiver{Process: p, address: address}
}

func (r *hookReceiver) said() string { return r.before + r.Output() }

// restart kills the receiver, and starts another one.
func (r *hookReceiver) restart(t *testing.T, secret string) *hookReceiver {
	r.Kill()
	next := openReceiver(t, r.address, secret)
	next.before = r.said()
	return next
}

var tookLine = regexp.MustCompile(`(?m)^took (msg_\S+) (\S+) (\S+) (\S+) (\S+)$`)

// told returns what was taken of a session for the first time, in its order.
func (r *hookReceiver) told(session string) (types []string) {
	seen := map[string]bool{}
	for _, m := range tookLine.FindAllStringSubmatch(r.said(), -1) {
		if !seen[m[1]] && m[3] == session {
			types = append(types, m[2])
		}
		seen[m[1]] = true
	}
	return types
}

func newHookSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// What happens at the gate reaches a receiver that fails at every third request, and is killed and started again, as is
// the program: verified by the public library of Standard Webhooks, nothing lost, in order for each session. The secret
// is rotated meanwhile.
func TestWebhooksAreVerifiedByTheirPublicLibrary(t *testing.T) {
	t.Parallel()
	old, fresh := newHookSecret(), newHookSecret()
	address := proc.FreeAddrs(t, 1)[0]
	receiver := openReceiver(t, address, old)
	dir := t.TempDir()
	secrets, file := filepath.Join(dir, "secret"), filepath.Join(dir, "coatcheck.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(secrets, old+"\n")
	write(file, "upstream: "+app(t, "node")+"\nsign-in: /login\nwebhooks:\n  - name: crm\n    url: http://"+address+
		"/hooks\n    secrets: ["+secrets+"]\n")
	h := open(t, "serve", "--config", file)

	var handles []string
	signIn := func() {
		t.Helper()
		v := newVisitor(t, h.site)
		v.post("/login", "user", "ada", "password", "lovelace")
		for _, s := range h.sessions("ada") {
			if !slices.Contains(handles, s.Handle) {
				handles = append(handles, s.Handle)
			}
		}
		v.post("/logout")
	}
	want := []string{"session.created", "session.signed_in", "session.ended"}
	settled := func() {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			missing := ""
			for _, handle := range handles {
				if !slices.Equal(receiver.told(handle), want) {
					missing = handle
				}
			}
			if missing == "" {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("of %s there is %v in\n%s\n%s", missing, receiver.told(missing), receiver.said(), h.Output())
			}
		}
	}
	for range 4 {
		signIn()
	}
	settled()

	// The receiver is away while things happen; then the program is killed, and both come back.
	receiver.Kill()
	signIn()
	time.Sleep(500 * time.Millisecond) // the outbox has them by then, and what is promised is that it keeps them
	h.Kill()
	receiver = receiver.restart(t, old)
	h = h.reopen()
	settled()
	if !strings.Contains(receiver.said(), "outbox.gap") {
		t.Error("the receiver was not told that the program was killed")
	}

	// The secret is rotated: both sign, then the receiver goes by the new one, then the old one is gone.
	write(secrets, fresh+"\n"+old+"\n")
	write(file, strings.Replace(read(t, file), "sign-in:", "realm: shop\nsign-in:", 1)) // a change that is noticed
	h.Await(regexp.MustCompile(`was read again`))
	receiver = receiver.restart(t, fresh)
	signIn()
	settled()
	if strings.Contains(receiver.said(), "refused") {
		t.Errorf("the library refuses some:\n%s", receiver.said())
	}
	if len(handles) != 6 {
		t.Errorf("%d sessions, want 6", len(handles))
	}
	for _, secret := range []string{old, fresh} {
		if strings.Contains(h.Output(), secret) {
			t.Error("the log has a secret")
		}
	}
	code, text := run(t, "webhooks", "list", "--data", h.data)
	if code != 0 || !strings.Contains(text, "crm") || strings.Contains(text, "dead 1") {
		t.Errorf("%d: %s", code, text)
	}
	if code, text := run(t, "webhooks", "replay", "--since", "1h", "--data", h.data, "crm"); code != 0 {
		t.Errorf("%d: %s", code, text)
	}
	metrics := h.ask(http.MethodGet, "/metrics").body
	if !strings.Contains(metrics, `coatcheck_webhook_up{receiver="crm"}`) {
		t.Error("the metrics do not have the receiver")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The page of webhooks, with a receiver that fails and has dead messages, and one that is switched off, is accessible
// and fits.
func TestWebhooksPageIsAccessible(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "coatcheck.yaml")
	text := "upstream: " + app(t, "node") + "\nwebhooks:\n"
	for _, name := range []string{"crm", "archive-of-the-audit-department"} {
		text += "  - name: " + name + "\n    url: http://" + proc.FreeAddrs(t, 1)[0] +
			"/hooks/of/coatcheck?key=hidden\n    secrets: [" + newHookSecret() + "]\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, "serve", "--config", file)
	newVisitor(t, h.site).post("/login", "user", "ada", "password", "lovelace")
	inDatabase(t, filepath.Join(h.data, "webhooks.db"), func(db *sql.DB) error {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			result, err := db.Exec(`UPDATE deliveries SET dead = 1, head = 0 WHERE receiver = 'crm' AND tries > 0`)
			if err != nil {
				return err
			}
			if n, _ := result.RowsAffected(); n > 0 || time.Now().After(deadline) {
				_, err := db.Exec(`UPDATE receivers SET off = 1 WHERE name <> 'crm'`)
				return err
			}
		}
	})
	h.Term()
	h = h.reopen()
	b := browser.Start(t, browser.Options{})
	b.Navigate(h.link)
	b.AwaitText("h1", "live session")
	b.Navigate(h.console + "/webhooks")
	b.AwaitText("h3", "could not be delivered")
	accessible(t, b, "webhooks")
	isQuiet(t, b)
}
