package bound_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/bound"
	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const (
	prefix      = "/.well-known/coatcheck-bound/"
	boundCookie = "__Host-session-bound"
	origin      = "https://shop.test"
)

// site is a site whose sessions are bound, and what its observers have heard.
type site struct {
	t        testing.TB
	sessions *session.Manager
	handler  http.Handler
	queue    *event.Queue

	mu     sync.Mutex
	events []event.Event
}

func newSite(t testing.TB, o bound.Options) *site {
	return siteWith(t, memory.New(), session.Options{}, o)
}

func siteWith(t testing.TB, st store.Store, so session.Options, o bound.Options) *site {
	t.Helper()
	s := &site{t: t}
	s.queue = event.NewQueue(func(e event.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	})
	so.Events, so.Guard = s.queue, bound.New(o)
	s.sessions = session.New(st, so)
	t.Cleanup(func() { _ = s.sessions.Close(context.Background()) })
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, session.From(r.Context()).User())
	})
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignIn(r.FormValue("user")); err != nil {
			t.Error(err)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /again", func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).StepUp(); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "done")
	})
	mux.HandleFunc("POST /out", func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignOut(); err != nil {
			t.Error(err)
		}
	})
	mux.Handle("/account", s.sessions.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, session.From(r.Context()).User())
	})))
	s.handler = s.sessions.Handler(mux)
	return s
}

// heard returns the events of these kinds, and forgets all that there were.
func (s *site) heard(kinds ...event.Kind) (found []event.Event) {
	s.queue.Flush(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		for _, k := range kinds {
			if e.Kind == k {
				found = append(found, e)
			}
		}
	}
	s.events = nil
	return found
}

var refusals = []event.Kind{event.ProofRefused, event.Theft, event.Unproven}

// An answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// setsBound reports whether the answer brings a bound cookie.
func (a *answer) setsBound() bool {
	for _, line := range a.header["Set-Cookie"] {
		if p := cookie.Parse(line); strings.Contains(p.Name, "bound") && p.Value != "" {
			return true
		}
	}
	return false
}

// A browser does what Chromium does with a key of its own. It has no idea of time.
type browser struct {
	site    *site
	cookies map[string]string
	key     *ecdsa.PrivateKey
	offer   offer
	id      string // of the device bound session
	sign    string // the challenge at hand
}

// offer is what a sign-in asks of a browser.
type offer struct{ path, challenge, authorization string }

func (s *site) browser() *browser {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{site: s, cookies: make(map[string]string), key: key}
}

// copied returns a browser with the same cookies and a key of its own: a thief's.
func (b *browser) copied() *browser {
	c := b.site.browser()
	c.cookies, c.id, c.sign, c.offer = maps.Clone(b.cookies), b.id, b.sign, b.offer
	return c
}

// bound returns a browser of a signed-in user that has registered its key and shown its cookie.
func (s *site) bound(user string) *browser {
	s.t.Helper()
	b := s.browser()
	b.signIn(user)
	if a := b.register(nil); a.status != http.StatusOK {
		s.t.Fatalf("register: %d %s", a.status, a.body)
	}
	if got := b.get("/").body; got != user {
		s.t.Fatalf("the page after the registration is for %q", got)
	}
	return b
}

func (b *browser) get(path string) *answer { return b.send("GET", path, nil, nil) }

func (b *browser) signIn(user string) *answer { return b.send("POST", "/in?user="+user, nil, nil) }

// send sends a request with what the browser knows, and takes what comes back. With bare it sends no cookies.
func (b *browser) send(method, path string, header http.Header, change func(*http.Request)) *answer {
	b.site.t.Helper()
	r := httptest.NewRequest(method, origin+path, nil)
	maps.Copy(r.Header, header)
	var line []string
	for name, value := range b.cookies {
		line = append(line, name+"="+value)
	}
	if len(line) > 0 {
		r.Header.Set("Cookie", strings.Join(line, "; "))
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	b.take(w.Header())
	return &answer{w.Code, w.Header(), w.Body.String()}
}

func (b *browser) take(header http.Header) {
	for _, line := range header["Set-Cookie"] {
		p := cookie.Parse(line)
		if at, persistent := p.Expiry(time.Now()); persistent && !at.After(time.Now()) {
			delete(b.cookies, p.Name)
			continue
		}
		b.cookies[p.Name] = p.Value
	}
	if lines := header["Secure-Session-Registration"]; len(lines) > 0 {
		b.offer = b.offerOf(lines)
	}
	if lines := header["Secure-Session-Challenge"]; len(lines) > 0 {
		list, err := httpsfv.UnmarshalList(lines)
		if err != nil {
			b.site.t.Fatal(err)
		}
		b.sign = list[0].(httpsfv.Item).Value.(string)
	}
}

func (b *browser) offerOf(lines []string) (o offer) {
	list, err := httpsfv.UnmarshalList(lines)
	if err != nil {
		b.site.t.Fatal(err)
	}
	params := list[0].(httpsfv.InnerList).Params
	for name, field := range map[string]*string{
		"path": &o.path, "challenge": &o.challenge, "authorization": &o.authorization,
	} {
		text, _ := params.Get(name)
		*field, _ = text.(string)
	}
	return o
}

// A forgery is a proof and the headers that go with it, before they are sent.
type forgery struct {
	algorithm jose.SignatureAlgorithm
	key       any
	embed     bool // the key is in the header
	typ       string
	claims    map[string]any
	raw       func(proof string) string
	header    http.Header
	cookies   bool
	path      string
}

// register registers the browser's key, changed by change.
func (b *browser) register(change func(*forgery)) *answer {
	b.site.t.Helper()
	f := &forgery{
		algorithm: jose.ES256, key: b.key, embed: true, typ: "dbsc+jwt", header: http.Header{}, path: b.offer.path,
		claims: map[string]any{"jti": b.offer.challenge, "authorization": b.offer.authorization}, cookies: true,
	}
	a := b.prove(f, change)
	if a.status == http.StatusOK {
		b.id = b.instructions(a)["session_identifier"].(string)
	}
	return a
}

// refresh asks for the next bound cookie, changed by change.
func (b *browser) refresh(change func(*forgery)) *answer {
	b.site.t.Helper()
	return b.prove(&forgery{
		algorithm: jose.ES256, key: b.key, typ: "dbsc+jwt", claims: map[string]any{"jti": b.sign}, cookies: true,
		header: http.Header{"Sec-Secure-Session-Id": {b.id}}, path: prefix + "refresh",
	}, change)
}

func (b *browser) prove(f *forgery, change func(*forgery)) *answer {
	b.site.t.Helper()
	if change != nil {
		change(f)
	}
	proof := b.proof(f)
	if f.raw != nil {
		proof = f.raw(proof)
	}
	if proof != "" {
		f.header["Secure-Session-Response"] = append([]string{proof}, f.header["Secure-Session-Response"]...)
	}
	return b.send("POST", f.path, f.header, func(r *http.Request) {
		if !f.cookies {
			r.Header.Del("Cookie")
		}
	})
}

// proof is the signed text.
func (b *browser) proof(f *forgery) string {
	b.site.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: f.algorithm, Key: f.key},
		(&jose.SignerOptions{EmbedJWK: f.embed}).WithType(jose.ContentType(f.typ)))
	if err != nil {
		b.site.t.Fatal(err)
	}
	payload, err := json.Marshal(f.claims)
	if err != nil {
		b.site.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		b.site.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		b.site.t.Fatal(err)
	}
	return text
}

func (b *browser) instructions(a *answer) (in map[string]any) {
	b.site.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &in); err != nil {
		b.site.t.Fatalf("instructions: %v in %q", err, a.body)
	}
	return in
}
