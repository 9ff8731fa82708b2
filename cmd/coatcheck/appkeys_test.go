package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// call sends a request of a service, and decodes the answer into v.
func call(t *testing.T, key, method, url, body string, v any) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return res.StatusCode
}

// A service with a key of its own serves two sites, whose tickets are no good at each other. When its key is retired,
// it is refused and its stream ends. The key is in no log.
//
// Rows: A29
func TestAppKeysWhileTheProgramRuns(t *testing.T) {
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "config.yaml")
	const sites = `
sites:
  - {hosts: [a.example], realm: a, upstream: "http://127.0.0.1:9"}
  - {hosts: [b.example], realm: b, upstream: "http://127.0.0.1:9", cookie: {name: __Host-b}}
`
	if err := os.WriteFile(file, []byte(sites), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, data, "serve", "--config", file, "-v")
	out, err := command(t, "app-keys", "new", "--data", data, "--scope=read", "--scope=create", "--label=a service")
	if err != nil {
		t.Fatal(err)
	}
	key, id := strings.TrimSpace(out), strings.Split(out, ".")[1]
	var is struct {
		State     string
		SetCookie []string `json:"set_cookie"`
	}
	if status := call(t, key, "POST", r.back+"/v1/sessions", `{"site":"b.example","user":"ada"}`, &is); status != 201 {
		t.Fatalf("a key that was just made: %d", status)
	}
	cookie, _, _ := strings.Cut(is.SetCookie[0], ";")
	for site, want := range map[string]string{"b.example": "valid", "a.example": "none", "": "none"} {
		shown := cookie
		if site != "b.example" {
			shown = strings.Replace(cookie, "__Host-b=", "__Host-session=", 1)
		}
		body := fmt.Sprintf(`{"site":%q,"cookie":%q}`, site, shown)
		if call(t, key, "POST", r.back+"/v1/sessions/check", body, &is); is.State != want {
			t.Errorf("at %q it is %s, want %s", site, is.State, want)
		}
	}
	if status := call(t, key, "POST", r.back+"/v1/sessions/check", `{"site":"c.example"}`, &is); status != 400 {
		t.Errorf("a site that there is not: %d", status)
	}
	ended := follow(t, key, r.back+"/v1/watch")
	if out, err := command(t, "app-keys", "list", "--data", data); err != nil || !strings.Contains(out, id) ||
		!strings.Contains(out, "a service") || strings.Contains(out, key) {
		t.Errorf("the list: %v\n%s", err, out)
	}
	if _, err := command(t, "app-keys", "retire", "--data", data, "AAAAAAAAAAA"); err == nil {
		t.Error("a key that there is not was retired")
	}
	if _, err := command(t, "app-keys", "retire", "--data", data, id); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); call(t, key, "GET", r.back+"/v1/sessions", "", &is) != 401; {
		time.Sleep(20 * time.Millisecond)
		if time.Since(began) > 30*time.Second {
			t.Fatal("a key that was retired is still good")
		}
	}
	if text := <-ended; !strings.Contains(text, "event: bye") {
		t.Errorf("the stream is\n%s", text)
	}
	if err := r.end(); err != nil || strings.Contains(r.stderr.String(), key[len(key)-43:]) {
		t.Errorf("%v; the log\n%s", err, r.stderr)
	}
}

// follow follows a stream, and sends all of it when it has ended.
func follow(t *testing.T, key, url string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(r)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	all := make(chan string, 1)
	go func() {
		defer res.Body.Close()
		text, _ := io.ReadAll(bufio.NewReader(res.Body))
		all <- string(text)
	}()
	return all
}
