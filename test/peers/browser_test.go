package peers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// detached is for what belongs to no request.
var detached = context.Background()

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A browser has one cookie, of any name.
type browser struct {
	t      testing.TB
	lib    library
	cookie string // name=value, as it is sent
}

// handle has fn handle a request with the cookie, and keeps what the response sets.
func (b *browser) handle(fn func(s visit)) *http.Response {
	b.t.Helper()
	return b.send(func(s visit, _ http.ResponseWriter, _ *http.Request) { fn(s) })
}

func (b *browser) send(fn func(visit, http.ResponseWriter, *http.Request)) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	w := httptest.NewRecorder()
	b.lib.handler(fn).ServeHTTP(w, r)
	res := w.Result()
	b.keep(res)
	return res
}

// fetch is send over a connection, for what net/http decides.
func (b *browser) fetch(fn func(visit, http.ResponseWriter, *http.Request)) *http.Response {
	b.t.Helper()
	server := httptest.NewServer(b.lib.handler(fn))
	defer server.Close()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		b.t.Error(err)
	}
	b.keep(res)
	return res
}

func (b *browser) keep(res *http.Response) {
	for _, line := range res.Header["Set-Cookie"] {
		pair, attributes, _ := strings.Cut(line, ";")
		b.cookie = pair
		if strings.Contains(attributes, "Max-Age=0") {
			b.cookie = ""
		}
	}
}

// tab returns a browser with the same cookie, for a request that runs beside others.
func (b *browser) tab() *browser { return &browser{b.t, b.lib, b.cookie} }

func (b *browser) user() (user string) {
	b.t.Helper()
	b.handle(func(s visit) { user = s.user() })
	return user
}

func (b *browser) get(key string) (value string) {
	b.t.Helper()
	b.handle(func(s visit) { value = s.get(key) })
	return value
}

func (b *browser) signIn(user string) {
	b.t.Helper()
	b.handle(func(s visit) { s.signIn(user) })
	if got := b.user(); got != user {
		b.t.Fatalf("signed in as %q, want %q", got, user)
	}
}

// slowly starts a request that does one thing, waits until meanwhile has been done, and does another.
func (b *browser) slowly(before func(visit), meanwhile func(), after func(visit)) {
	b.t.Helper()
	entered, proceed, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		b.handle(func(s visit) {
			before(s)
			close(entered)
			<-proceed
			after(s)
		})
	}()
	<-entered
	meanwhile()
	close(proceed)
	<-done
}

// signedIn says what a request sees.
func signedIn(user string) string {
	if user == "" {
		return "signed out"
	}
	return "signed in"
}
