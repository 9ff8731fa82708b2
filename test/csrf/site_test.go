// Package csrf has the forms and WebSockets of real browsers, of today and as they were, before a site that another one
// attacks.
package csrf

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"coatcheck.dev/csrf"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A site has forms to sign in and out, a script that uploads, and a WebSocket.
type site struct {
	t       testing.TB
	url     string
	manager *session.Manager
	changes atomic.Int64 // how many requests have reached a handler that changes something
	attacks atomic.Int64 // how many requests should have been refused
	refused atomic.Int64 // how many were, by the events
}

// open opens a site. An age is what a browser was in its time: it takes away the headers that it did not send yet.
func open(t *testing.T, age func(http.Header)) *site {
	t.Helper()
	s := &site{t: t}
	events := event.NewQueue(func(e event.Event) {
		if e.Kind == event.CrossSite && e.Request.Refused {
			s.refused.Add(1)
		}
	})
	s.manager = session.New(memory.New(), session.Options{Events: events})
	t.Cleanup(func() {
		if err := s.manager.Close(context.Background()); err != nil {
			t.Errorf("close manager: %v", err)
		}
	})
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: s.manager.Binding}, Events: events})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("POST /in", s.signIn)
	mux.HandleFunc("POST /out", s.signOut)
	mux.HandleFunc("POST /upload", s.upload)
	mux.HandleFunc("GET /socket", s.socket)
	inner := s.manager.Handler(guard.Handler(mux))
	s.url = s.serve(func(w http.ResponseWriter, r *http.Request) {
		age(r.Header)
		inner.ServeHTTP(w, r)
	})
	return s
}

// serve starts a server on a port of its own, under the name for which browsers keep Secure cookies without TLS.
func (s *site) serve(h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	s.t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

var page = template.Must(template.New("page").
	Funcs(template.FuncMap{"csrfField": csrf.Field, "csrfToken": csrf.Token}).
	Parse(`<!doctype html><title>Site</title><link rel="icon" href="data:,">
<meta name="csrf-token" content="{{csrfToken .R}}">
<h1>Hello, {{.User}}</h1>
<form id="in" method="post" action="/in">{{csrfField .R}}
<input type="hidden" name="user" value="ada"><button>In</button></form>
<form id="out" method="post" action="/out">{{csrfField .R}}<button>Out</button></form>`))

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	var text bytes.Buffer
	err := page.Execute(&text, struct {
		R    *http.Request
		User string
	}{r, session.From(r.Context()).User()})
	if err != nil {
		s.t.Errorf("make page: %v", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	text.WriteTo(w)
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	s.changes.Add(1)
	if err := session.From(r.Context()).SignIn(r.PostFormValue("user"), session.By("password")); err != nil {
		s.t.Errorf("sign in: %v", err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	s.changes.Add(1)
	if err := session.From(r.Context()).SignOut(); err != nil {
		s.t.Errorf("sign out: %v", err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// upload answers with the content of a file in a multipart form.
func (s *site) upload(w http.ResponseWriter, r *http.Request) {
	s.changes.Add(1)
	file, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer file.Close()
	io.Copy(w, file)
}

func (s *site) socket(w http.ResponseWriter, r *http.Request) {
	s.changes.Add(1)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Errorf("hijack: %v", err)
		return
	}
	defer conn.Close()
	accepted := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n\x88\x00", base64.StdEncoding.EncodeToString(accepted[:])) // and closes it
}

// An evil site has one page, with a form for each path of the victim and a button.
func (s *site) evil(tokens ...string) string {
	var forms strings.Builder
	for _, path := range []string{"in", "out"} {
		fmt.Fprintf(&forms, `<form id="%s" method="post" action="%s/%s">`, path, s.url, path)
		forms.WriteString(`<input type="hidden" name="user" value="mallory">`)
		for _, token := range tokens {
			fmt.Fprintf(&forms, `<input type="hidden" name="%s" value="%s">`, csrf.FieldName, token)
		}
		forms.WriteString(`<button>Win a prize</button></form>`)
	}
	return s.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><title>Prizes</title><link rel="icon" href="data:,">`+forms.String())
	})
}
