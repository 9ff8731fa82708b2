package token_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/token"
)

// A told notice, in short.
func short(n store.Notice) string {
	switch n.Kind {
	case store.Deleted:
		return "deleted " + n.ID.String()
	case store.UserDeleted:
		return "user " + n.User
	case store.Cutoff:
		return "cutoff " + n.User + " " + n.At.UTC().Format(time.RFC3339)
	case store.Lost:
		return "lost"
	case store.Beat:
		return "beat"
	}
	return fmt.Sprint("kind ", n.Kind)
}

// streaming serves streams one after the other, each to whoever asks next, and ends each after its text.
func streaming(t *testing.T, key string, texts ...string) string {
	next := make(chan string, len(texts))
	for _, text := range texts {
		next <- text
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		select {
		case text := <-next:
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, text)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// What a stream tells becomes what a store's feed would tell, and a stream that ends or cannot be read is lost.
func TestWatchTellsWhatTheStreamSays(t *testing.T) {
	id := store.ID{1}
	from := streaming(t, "k", strings.Join([]string{
		"retry: 1000\n", `id: x.0`, `event: hello`, `data: {"lease_ms":5000,"resumed":false}`, "",
		`event: beat`, `data: {"upto_ms":10}`, "",
		`event: ended`, `data: {"handle":"` + id.String() + `","user":"ada","reason":"ended"}`, "",
		`event: changed`, `data: {"handle":"` + id.String() + `"}`, "",
		`event: user_ended`, `data: {"user":"eve"}`, "",
		`event: not_before`, `data: {"before":"2026-11-30T10:00:00Z"}`, "",
		`event: resync`, `data: {"reason":"slow"}`, "",
		`event: of another time`, `data: {"a":1}`, "",
		`event: beat`, `data: {"upto_ms":20}`, "", ""}, "\n"),
		"event: beat\ndata: {\"upto_ms\":1}\n\nevent: ended\ndata: {\"handle\":7}\n\n"+
			"event: user_ended\ndata: {\"user\":\"x\"}\n\n")
	feed := token.Watch(from, "k", nil)
	defer feed.Close(t.Context())
	heard := make(chan string, 100)
	defer feed.Subscribe(func(n store.Notice) { heard <- short(n) })()
	for i, want := range []string{"lost", "beat", "deleted " + id.String(), "user eve", "cutoff  2026-11-30T10:00:00Z",
		"lost", "beat", "lost", "beat", "lost"} {
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("%d: %s, want %s", i, got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%d: nothing, want %s", i, want)
		}
	}
}

// The key goes to nobody who could be anybody, and a refused key or another site's redirect is a feed that is lost.
func TestWatchKeepsItsKey(t *testing.T) {
	asked := make(chan string, 100)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Authorization")
	}))
	defer other.Close()
	redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- "first"
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer redirecting.Close()
	for _, from := range []string{"http://sessions.example/v1/watch", "ftp://127.0.0.1/", ":", streaming(t, "k", "")} {
		feed := token.Watch(from, "wrong", nil)
		feed.Subscribe(func(n store.Notice) {
			if n.Kind != store.Lost {
				t.Errorf("%s tells %s", from, short(n))
			}
		})
		if err := feed.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	feed := token.Watch(redirecting.URL, "k", nil)
	defer feed.Close(t.Context())
	defer feed.Subscribe(func(store.Notice) {})()
	for range 3 {
		if got := <-asked; got != "first" {
			t.Fatalf("a redirect was followed, with %q", got)
		}
	}
}

// Any stream is read to its end, and tells nothing that it does not say.
func FuzzWatch(f *testing.F) {
	f.Add("event: ended\ndata: {\"handle\":\"AQAAAAAAAAAAAAAAAAAAAA\",\"user\":\"ada\"}\n\n")
	f.Add("event: not_before\r\ndata: {\"before\":\"2026-11-30T10:00:00Z\"}\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		token.ReadWatch(strings.NewReader(text), time.Now(), func(n store.Notice) {
			if n.Kind == store.Deleted && !strings.Contains(text, "ended") {
				t.Errorf("%+v of %q", n, text)
			}
		})
	})
}
