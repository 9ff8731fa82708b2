package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

var cart = session.NewKey[[]string]("cart", session.Carry)

func TestWalk(t *testing.T) {
	m := session.New(memory.New(), session.Options{})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		switch r.URL.Path {
		case "/add":
			cart.Update(s, func(c []string) []string { return append(c, r.FormValue("item")) })
		case "/in":
			if err := s.SignIn("ada", session.Remember); err != nil {
				t.Error(err)
			}
		case "/out":
			s.SignOut()
		}
		fmt.Fprint(w, s.User(), cart.Get(s))
	}))
	c := ""
	for _, p := range []string{"/", "/add?item=tea", "/add?item=milk", "/in", "/", "/out", "/"} {
		r := httptest.NewRequest("GET", p, nil)
		if c != "" {
			r.Header.Set("Cookie", c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, sc := range w.Result().Cookies() {
			c = sc.Name + "=" + sc.Value
		}
		t.Log(p, w.Body.String(), w.Header())
	}
}

type nullWriter struct{ h http.Header }

func (n *nullWriter) Header() http.Header         { return n.h }
func (n *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (n *nullWriter) WriteHeader(int)             {}

func BenchmarkRead(b *testing.B) {
	m := session.New(memory.New(), session.Options{})
	login := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { session.From(r.Context()).SignIn("u") }))
	w := httptest.NewRecorder()
	login.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	ck := w.Result().Cookies()[0]
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if session.From(r.Context()).User() != "u" {
			panic("lost")
		}
	}))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "theme=dark; __Host-session="+ck.Value)
		w := &nullWriter{h: make(http.Header)}
		for pb.Next() {
			h.ServeHTTP(w, r)
		}
	})
}
func BenchmarkAnon(b *testing.B) {
	m := session.New(memory.New(), session.Options{})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if session.From(r.Context()).User() == "u" {
			panic("lost")
		}
	}))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest("GET", "/", nil)
		w := &nullWriter{h: make(http.Header)}
		for pb.Next() {
			h.ServeHTTP(w, r)
		}
	})
}
