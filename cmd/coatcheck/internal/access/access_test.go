package access_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/access"
)

func TestEachRequestIsOneLineWithoutSecrets(t *testing.T) {
	var log bytes.Buffer
	var counted []access.Request
	site := access.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access.Took(r.Context(), "GET /account/")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "no such page")
	}), access.Options{
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
		Count: func(r access.Request) { counted = append(counted, r) },
	})
	r := httptest.NewRequest("GET", "/account/a%0Ab?token=QUERY", nil)
	r.Header.Set("Cookie", "__Host-session=COOKIE")
	r.Header.Set("Authorization", "Bearer AUTH")
	r.Header.Set("Referer", "https://shop.example/?REFERER")
	r.Header.Set("User-Agent", "line\nbreak"+strings.Repeat("x", 1000))
	site.ServeHTTP(httptest.NewRecorder(), r)

	line := log.String()
	if strings.Count(line, "\n") != 1 || len(line) > 1000 {
		t.Errorf("want one line, not\n%s", line)
	}
	for _, want := range []string{
		"client=192.0.2.1", "method=GET", "host=example.com", `path="/account/a\nb"`, "status=404", "bytes=12",
		`route="GET /account/"`,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("the line lacks %s:\n%s", want, line)
		}
	}
	for _, secret := range []string{"QUERY", "COOKIE", "AUTH", "REFERER"} {
		if strings.Contains(line, secret) {
			t.Errorf("the line has %s:\n%s", secret, line)
		}
	}
	if len(counted) != 1 || counted[0].Route != "GET /account/" || counted[0].Status != 404 || counted[0].Bytes != 12 {
		t.Errorf("counted %+v", counted)
	}
}

func TestStatusOfEveryKindOfAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    int
	}{
		"nothing": {func(http.ResponseWriter, *http.Request) {}, 200},
		"body":    {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") }, 200},
		"flush":   {func(w http.ResponseWriter, _ *http.Request) { http.NewResponseController(w).Flush() }, 200},
		"hints": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(204)
		}, 204},
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, 403},
		"hijacked": {func(w http.ResponseWriter, _ *http.Request) {
			conn, both, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			both.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			both.Flush()
			conn.Close()
		}, 101},
	} {
		counted := make(chan access.Request, 1)
		server := httptest.NewServer(access.Handler(c.handler, access.Options{
			Count: func(r access.Request) { counted <- r },
		}))
		conn, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		conn.Body.Close()
		if got := <-counted; got.Status != c.want {
			t.Errorf("%s: status %d; want %d", name, got.Status, c.want)
		}
		server.Close()
	}
}

// Whoever asks a writer for what it can do finds it, as with that of net/http.
func TestTheWriterKeepsItsMethods(t *testing.T) {
	site := access.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, ok := w.(http.Flusher); !ok {
			t.Error("it does not flush")
		}
		if _, ok := w.(http.Hijacker); !ok {
			t.Error("it cannot be hijacked")
		}
	}), access.Options{Count: func(access.Request) {}})
	server := httptest.NewServer(site)
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, bufio.NewReader(res.Body))
	res.Body.Close()
}
