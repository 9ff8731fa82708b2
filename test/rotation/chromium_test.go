package rotation

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
	realbrowser "coatcheck.dev/test/internal/browser"
)

// A watched is a site that real browsers visit: it says who is signed in, and notes the tickets that it is shown.
type watched struct {
	url     string
	manager *session.Manager

	mu    sync.Mutex
	shown []string
	told  map[event.Kind]int
}

// watch returns a site that rotates each secret as soon as it was used for a second. It has no grace to speak of: what
// is let in with an old secret is taken back.
func watch(t *testing.T) *watched {
	t.Helper()
	s := &watched{told: make(map[event.Kind]int)}
	s.manager = session.New(memory.New(), session.Options{
		RotateEvery: time.Second, RotationGrace: time.Millisecond, Events: event.NewQueue(s.observe),
	})
	t.Cleanup(func() {
		if err := s.manager.Close(context.Background()); err != nil {
			t.Errorf("close manager: %v", err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("GET /sign-in", s.manager.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignIn("ada", session.Remember); err != nil {
			t.Errorf("sign in: %v", err)
		}
	})))
	mux.Handle("GET /page", s.manager.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		fmt.Fprintf(w, "<!doctype html><title>A page</title><h1>%s</h1>", session.From(r.Context()).User())
	})))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // where browsers keep Secure cookies
	return s
}

func (s *watched) observe(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[e.Kind]++
}

func (s *watched) note(r *http.Request) {
	ticket := ""
	if c, err := r.Cookie(cookieName); err == nil {
		ticket = c.Value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, ticket)
}

// last returns the ticket that was shown last.
func (s *watched) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[len(s.shown)-1]
}

// visit loads the page, and returns the ticket that the browser shows.
func (s *watched) visit(t *testing.T, b *realbrowser.Browser) string {
	t.Helper()
	b.Navigate(s.url + "/page")
	if user := b.Text("h1"); user != "ada" {
		t.Fatalf("%q is signed in, want ada", user)
	}
	return s.last()
}

// A real Chromium is killed just after it has shown its new secret. It comes back with the one before, and stays signed
// in, round after round.
//
// Rows: R17, I4, R5
func TestCrashedChromiumStaysSignedIn(t *testing.T) {
	s := watch(t)
	b := realbrowser.Start(t, realbrowser.Options{})
	b.Navigate(s.url + "/sign-in")
	lost := 0
	for round := 0; lost < 3; round++ {
		if round == 10 {
			t.Fatalf("only %d of %d crashes have lost a cookie, so little was tested", lost, round)
		}
		b.Restart() // has written its cookie to disk
		time.Sleep(time.Second)
		before := s.visit(t, b)
		after := s.visit(t, b)
		if after == before {
			t.Fatal("no new secret was shown, so nothing is tested")
		}
		b.Crash()
		switch again := s.visit(t, b); again {
		case before:
			lost++
		case after:
			t.Logf("round %d: the cookie was on disk", round)
		default:
			t.Fatal("the browser shows a secret that it was never given")
		}
		s.visit(t, b)
	}
	s.manager.Options().Events.Flush(t.Context())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told[event.Recovered] != lost || s.told[event.Theft] != 0 {
		t.Errorf("%d secrets were taken back and %d alarms, after %d crashes that lost a cookie",
			s.told[event.Recovered], s.told[event.Theft], lost)
	}
}
