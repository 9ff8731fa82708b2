// Package caches puts real shared caches in front of the gate, and looks whether what was answered to one visitor ever
// reaches another, whatever the app says in the headers of the many dialects.
package caches

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

func TestMain(m *testing.M) { proc.Main(m) }

// caches start a cache in front of an address and return its own. They store whatever they may, also for requests with
// cookies.
var caches = map[string]func(t *testing.T, behind string) string{
	"nginx": func(t *testing.T, behind string) string {
		addr := proc.FreeAddrs(t, 1)[0]
		frontend.Nginx(t, addr, fmt.Sprintf(`
	proxy_cache_path %[1]s keys_zone=pages:1m; proxy_cache pages;
	server { listen %[2]s; location / { proxy_pass http://%[3]s; proxy_set_header Host localhost; } }`,
			filepath.Join(t.TempDir(), "cache"), addr, behind))
		return addr
	},
	"Varnish": func(t *testing.T, behind string) string {
		dir, addr := t.TempDir(), proc.FreeAddrs(t, 1)[0]
		tool.Find(t, "gcc") // it compiles its configuration
		host, port, _ := strings.Cut(behind, ":")
		file := frontend.Write(t, dir, "site.vcl", fmt.Sprintf(`vcl 4.1;
backend gate { .host = "%s"; .port = "%s"; }
sub vcl_recv { set req.http.Host = "localhost"; return (hash); }`, host, port))
		proc.Start(t, proc.Spec{
			Path: tool.Find(t, "varnishd", "/usr/sbin/varnishd"),
			Args: []string{"-F", "-n", dir + "/run", "-a", addr, "-f", file, "-s", "malloc,8m", "-j", "none"},
		}).AwaitListening(addr)
		return addr
	},
}

// app greets who is asking, with the header that the query names: its name before the first colon. It counts.
func app() http.Handler {
	var answers atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := answers.Add(1)
		if r.URL.Path == "/in" {
			w.Header().Set("Coatcheck-Sign-In", "ada")
			return
		}
		for _, line := range r.URL.Query()["header"] {
			name, value, _ := strings.Cut(line, ":")
			w.Header().Add(name, value)
		}
		fmt.Fprintf(w, "answer %d, for %q", n, r.Header.Get("Coatcheck-User"))
	})
}

var (
	siteLine    = regexp.MustCompile(`^  App +http://localhost:(\d+)$`)
	sayings     = []string{"max-age=600", "public, max-age=600, s-maxage=600", "immutable, max-age=600"}
	headerNames = []string{
		"Cache-Control", "CDN-Cache-Control", "Surrogate-Control", "Cloudflare-CDN-Cache-Control", "Edge-Control",
	}
)

// get asks a cache for a page, with a cookie or "", and returns the body and the cookie that was set.
func get(t *testing.T, addr, path, cookie string) (body, set string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", path, resp.StatusCode, text, err)
	}
	set, _, _ = strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	return string(text), set
}

// Rows: I8
func TestNoCacheHandsOutASession(t *testing.T) {
	for name, start := range caches {
		t.Run(name, func(t *testing.T) {
			upstream := httptest.NewServer(app())
			defer upstream.Close()
			gate := proc.Start(t, proc.Spec{Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: []string{
				"serve", "--upstream", upstream.URL, "--data", t.TempDir(),
				"--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0",
			}})
			straight := start(t, strings.TrimPrefix(upstream.URL, "http://"))
			cache := start(t, "127.0.0.1:"+gate.Await(siteLine)[1])
			_, ada := get(t, cache, "/in", "")

			control := "/control?header=" + url.QueryEscape("Cache-Control:max-age=600")
			first, _ := get(t, straight, control, "")
			if again, _ := get(t, straight, control, ""); again != first {
				t.Fatalf("the cache keeps nothing: %s, then %s", first, again)
			}
			lines := []string{"Expires:Thu, 31 Dec 2037 23:55:55 GMT", "X-Accel-Expires:600"}
			for _, name := range headerNames {
				for _, saying := range sayings {
					lines = append(lines, name+":"+saying)
				}
			}
			for n, line := range lines {
				path := fmt.Sprintf("/page%d?header=%s", n, url.QueryEscape(line))
				if own, _ := get(t, cache, path, ada); !strings.Contains(own, `for "ada"`) {
					t.Fatalf("%s: ada is told %s", line, own)
				}
				if other, _ := get(t, cache, path, ""); !strings.Contains(other, `for ""`) {
					t.Errorf("%s: a stranger is told %s", line, other)
				}
				if own, _ := get(t, cache, path, ada); !strings.Contains(own, `for "ada"`) {
					t.Errorf("%s: after a stranger, ada is told %s", line, own)
				}
			}
		})
	}
}
