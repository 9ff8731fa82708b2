package csrf

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/csrf"
	realbrowser "coatcheck.dev/test/internal/browser"
)

// ages are Chromium as it is, and with the headers that browsers sent once.
var ages = map[string]struct {
	age    func(http.Header)
	tokens bool // its forms need them
}{
	"today":                  {func(http.Header) {}, false},
	"without Fetch metadata": {dropMetadata, true},
	"without Origin, too": {func(h http.Header) {
		dropMetadata(h)
		if h.Get("Upgrade") == "" { // there it always was
			h.Del("Origin")
		}
	}, true},
}

func dropMetadata(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			h.Del(name)
		}
	}
}

// A real browser, of today or with the headers of an old one, signs in and out by forms, uploads by a script and opens
// a WebSocket. A page of another site, on another port of the same host or on another host, can make it do none of
// this, whoever is signed in, not even with a token that the attacker was given. Each attempt is an event.
//
// Rows: A20, A21, C10, C11, N6, ASVS 3.5.1, ASVS 4.4.2
func TestChromiumsFormsAndSockets(t *testing.T) {
	for name, c := range ages {
		t.Run(name, func(t *testing.T) {
			s := open(t, c.age)
			b := realbrowser.Start(t, realbrowser.Options{})
			evil := s.evil()
			withToken := s.evil(s.attackersToken())
			attack := func(want string) {
				t.Helper()
				for _, from := range []string{evil, withToken} {
					s.attack(b, from)
					s.attack(b, strings.Replace(from, "localhost", "127.0.0.1", 1))
				}
				b.Navigate(s.url)
				if got := b.Text("h1"); got != want {
					t.Errorf("after attacks the page says %q, want %q", got, want)
				}
			}

			attack("Hello,")
			if got := len(b.Texts("input[name=" + csrf.FieldName + "]")); (got == 2) != c.tokens {
				t.Errorf("%d of the forms have a token, want all: %t", got, c.tokens)
			}
			if got := b.Cookie("__Host-csrf"); (got != nil) != c.tokens {
				t.Errorf("cookie %v, want one: %t", got, c.tokens)
			}
			if b.Cookie("__Host-session") != nil {
				t.Error("to look at a form has begun a session")
			}
			before := realbrowser.Eval[string](b, `document.querySelector("meta[name=csrf-token]").content`)
			s.succeeds(b, "#in button", "Hello, ada")
			attack("Hello, ada")
			s.socketAndUpload(b)
			if name == "without Origin, too" {
				s.refusesTheOldToken(b, before)
			}
			s.succeeds(b, "#out button", "Hello,")
			s.manager.Options().Events.Flush(t.Context())
			if got, want := s.refused.Load(), s.attacks.Load(); got != want {
				t.Errorf("%d events of refusals, want %d", got, want)
			}
		})
	}
}

// attackersToken is one that the site gives to the attacker, who signs in with it.
func (s *site) attackersToken() string {
	s.t.Helper()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	res, err := client.Get(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	found := regexp.MustCompile(`name="csrf_token" value="([^"]+)"`).FindSubmatch(page)
	if err != nil || found == nil {
		s.t.Fatalf("no token in the page of a client that tells nothing: %v", err)
	}
	return string(found[1])
}

// attack makes the browser send both forms of a page, and a WebSocket's handshake.
func (s *site) attack(b *realbrowser.Browser, from string) {
	s.t.Helper()
	before := s.changes.Load()
	s.attacks.Add(3)
	for _, form := range []string{"#in", "#out"} {
		b.Navigate(from)
		if status := b.Submit(form + " button"); status != http.StatusForbidden {
			s.t.Errorf("%s of %s: status %d", form, from, status)
		}
	}
	b.Navigate(from)
	if got := s.dial(b); got != "error" {
		s.t.Errorf("a WebSocket from %s: %s", from, got)
	}
	if got := s.changes.Load(); got != before {
		s.t.Errorf("%d forged requests from %s have reached the site's handlers", got-before, from)
	}
}

// dial opens a WebSocket to the site from the page that is there, and says which event comes first.
func (s *site) dial(b *realbrowser.Browser) string {
	s.t.Helper()
	return realbrowser.Eval[string](b, `new Promise(done => {
		const socket = new WebSocket("`+strings.Replace(s.url, "http:", "ws:", 1)+`/socket");
		socket.onopen = () => done("open");
		socket.onerror = () => done("error");
	})`)
}

func (s *site) succeeds(b *realbrowser.Browser, button, want string) {
	s.t.Helper()
	if status := b.Submit(button); status != http.StatusOK || b.Text("h1") != want {
		s.t.Errorf("%s: status %d, and the page says %q, want %q", button, status, b.Text("h1"), want)
	}
}

// socketAndUpload does what scripts of the site itself do.
func (s *site) socketAndUpload(b *realbrowser.Browser) {
	s.t.Helper()
	if got := s.dial(b); got != "open" {
		s.t.Errorf("a WebSocket of the site itself: %s", got)
	}
	got := realbrowser.Eval[string](b, `(() => {
		const form = new FormData();
		form.set("file", new Blob(["a photo"]), "photo");
		const token = document.querySelector("meta[name=csrf-token]").content;
		return fetch("/upload", {method: "POST", body: form, headers: {"X-CSRF-Token": token}}).then(a => a.text());
	})()`)
	if got != "a photo" {
		s.t.Errorf("an upload by a script: %q", got)
	}
}

// refusesTheOldToken sends a form with a token from before the sign-in.
func (s *site) refusesTheOldToken(b *realbrowser.Browser, token string) {
	s.t.Helper()
	b.Navigate(s.url)
	s.attacks.Add(1)
	realbrowser.Eval[bool](b, `(document.querySelector("#out input").value = "`+token+`", true)`)
	if status := b.Submit("#out button"); status != http.StatusForbidden || b.Text("h1") != "This form is out of date" {
		s.t.Errorf("status %d, and the page says %q", status, b.Text("h1"))
	}
	b.Navigate(s.url)
	if got := b.Text("h1"); got != "Hello, ada" {
		s.t.Errorf("after a refused form the page says %q", got)
	}
}
