package thirdparty_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/rpc"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	"coatcheck.dev/store/storetest"
	"coatcheck.dev/test/thirdparty"
)

// A site is a server and its connections, which the test can cut.
type site struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func newSite(t *testing.T) *site {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, server := &site{Listener: l}, rpc.NewServer()
	if err := server.Register(thirdparty.NewServer()); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			serving.Go(func() { server.ServeConn(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.cut()
		serving.Wait()
	})
	return s
}

// cut ends all connections. Clients may make new ones.
func (s *site) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

func (s *site) open(t *testing.T) *thirdparty.Store {
	st := thirdparty.New(s.Addr().String())
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return st
}

func TestContract(t *testing.T) {
	storetest.Harness{
		New:    func(t *testing.T) store.Store { return newSite(t).open(t) },
		Reopen: func(t *testing.T, s store.Store) store.Store { return s },
	}.Run(t)
}

// All of it, the part of the server included, is no more than somebody writes on one day.
func TestStoreIsSmall(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			lines += bytes.Count(text, []byte("\n"))
		}
	}
	if lines == 0 || lines > 350 {
		t.Errorf("the store has %d lines, want at most 350", lines)
	}
}

// The feed says that it is lost when its connection breaks, and that it is whole when it has another one.
func TestFeedRecovers(t *testing.T) {
	s := newSite(t)
	st := s.open(t)
	told := make(chan store.Notice, 100)
	defer st.Subscribe(func(n store.Notice) { told <- n })()
	wants := func(want store.NoticeKind) {
		t.Helper()
		for {
			select {
			case n := <-told:
				if n.Kind == want {
					return
				}
				if n.Kind != store.Beat {
					t.Fatalf("told %+v", n)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("not told %d", want)
			}
		}
	}
	wants(store.Lost)
	wants(store.Beat)
	s.cut()
	wants(store.Lost)
	wants(store.Beat)
	if err := st.SetNotBefore(t.Context(), "", time.Now()); err != nil {
		if err = st.SetNotBefore(t.Context(), "", time.Now()); err != nil { // the first found the connection broken
			t.Fatal(err)
		}
	}
	wants(store.Cutoff)
}

// Two nodes with a cache each share the store, and a revocation at one is in force at the other.
func TestRevocationReachesTheOtherNode(t *testing.T) {
	s := newSite(t)
	node := func() *session.Manager {
		cache := near.New(s.open(t), near.Options{})
		t.Cleanup(cache.Close)
		m := session.New(cache, session.Options{})
		t.Cleanup(func() { _ = m.Close(context.Background()) })
		return m
	}
	here, there := node(), node()
	cookie := ""
	visit := func(m *session.Manager, do func(*session.Session)) (user string) {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", cookie)
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if do != nil {
				do(session.From(r.Context()))
			}
			user = session.From(r.Context()).User()
		})).ServeHTTP(w, r)
		if line := w.Header().Get("Set-Cookie"); line != "" {
			cookie, _, _ = strings.Cut(line, ";")
		}
		return user
	}
	visit(here, func(s *session.Session) {
		if err := s.SignIn("ada"); err != nil {
			t.Error(err)
		}
	})
	if user := visit(there, nil); user != "ada" {
		t.Fatalf("signed in as %q", user)
	}
	if _, err := here.RevokeUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); visit(there, nil) != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other node does not know")
		}
	}
}
