package csrf_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/csrf"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A site has forms with tokens. Its pages are the tokens themselves.
type site struct {
	http.Handler
	t        *testing.T
	sessions *session.Manager
	guard    *csrf.Guard
	events   *[]event.Event // what the guard has reported
	queue    *event.Queue
	acted    int // how many requests have reached a handler that changes something
}

func newSite(t *testing.T, tokens csrf.Tokens) *site {
	s := &site{t: t, events: new([]event.Event), sessions: session.New(memory.New(), session.Options{})}
	t.Cleanup(func() { s.sessions.Close(context.Background()) }) // that of the test has ended
	tokens.Session = s.sessions.Binding
	s.queue = event.NewQueue(func(e event.Event) { *s.events = append(*s.events, e) })
	s.guard = csrf.New(csrf.Options{Tokens: tokens, Events: s.queue})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, csrf.Token(r)) })
	mux.HandleFunc("GET /plain", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "no form") })
	mux.HandleFunc("/act", s.act(func(*session.Session) error { return nil }))
	mux.HandleFunc("POST /cart", s.act(func(v *session.Session) error { return cart.Set(v, "tea") }))
	mux.HandleFunc("POST /in", s.act(func(v *session.Session) error { return v.SignIn("ada", session.By("password")) }))
	mux.HandleFunc("POST /out", s.act((*session.Session).SignOut))
	s.Handler = s.sessions.Handler(s.guard.Handler(mux))
	return s
}

var cart = session.NewKey[string]("cart", session.Carry)

// act does something to the visitor's session, and answers with a token for the next form.
func (s *site) act(do func(*session.Session) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.acted++
		if err := do(session.From(r.Context())); err != nil {
			s.t.Error(err)
		}
		io.WriteString(w, csrf.Token(r))
	}
}

// reasons are those of the events since it was asked last.
func (s *site) reasons() (reasons []string) {
	s.t.Helper()
	s.queue.Flush(s.t.Context())
	for _, e := range *s.events {
		reasons = append(reasons, fmt.Sprintf("%s %t", e.Reason, e.Request.Refused))
	}
	*s.events = nil
	return reasons
}

// A client keeps cookies and sends what headers it is told.
type client struct {
	*site
	header  http.Header
	cookies map[string]string
}

func (s *site) client(header http.Header) *client { return &client{s, header, map[string]string{}} }

func (c *client) get(path string) *httptest.ResponseRecorder {
	return c.send(httptest.NewRequest("GET", "https://shop.example"+path, nil))
}

// post sends a form with a token, or an empty one.
func (c *client) post(path, token string) *httptest.ResponseRecorder {
	form := url.Values{"x": {"y"}}
	if token != "" {
		form.Set(csrf.FieldName, token)
	}
	r := httptest.NewRequest("POST", "https://shop.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(r)
}

func (c *client) send(r *http.Request) *httptest.ResponseRecorder {
	for name, values := range c.header {
		if r.Method != "GET" || name != "Origin" {
			r.Header[name] = values
		}
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if c.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
	return w
}

// token is that of the page of the form.
func (c *client) token() string { return c.get("/form").Body.String() }

func (c *client) want(what string, w *httptest.ResponseRecorder, status int) {
	c.t.Helper()
	if w.Code != status {
		c.t.Errorf("%s: status %d, want %d", what, w.Code, status)
	}
}

const keyCookie = "__Host-csrf"
