package route_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/route"
)

func pattern(t testing.TB, text string) route.Pattern {
	t.Helper()
	p, err := route.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"/", "/a", true}, {"/a/", "/a/b", true}, {"/a/", "/a", false}, {"/a", "/a", true}, {"/a/{x}", "/a/b", true},
		{"/a/{x}", "/a/{$}", false}, {"/a/b", "/a/{x}", false}, {"GET /a", "/a", false}, {"GET /a", "HEAD /a", true},
		{"/a", "GET /a", true}, {"/{x...}", "/", true}, {"/{$}", "/", false}, {"/", "/{$}", true}, {"/a/",
			"/a/{$}", true},
	} {
		if got := pattern(t, tt.a).Covers(pattern(t, tt.b)); got != tt.want {
			t.Errorf("%s covers %s: %v", tt.a, tt.b, got)
		}
	}
}

// here is what a pattern leads to.
type here struct{ http.Handler }

// A pattern matches what net/http's own does, on paths that there is one way to read.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][3]string{
		{"/static/", "GET", "/static/a"}, {"GET /a/{id}", "HEAD", "/a/5"}, {"/{$}", "GET", "/"}, {"/f/{p...}",
			"GET", "/f/a/b"},
		{"/a/{$}", "POST", "/a/"}, {"/a%20b", "GET", "/a b"}, {"/a", "GET", "/a/"}, {"/{x}/b", "GET", "//b"},
		{"/%zz", "GET", "/"}, {"a.example/", "GET", "/"}, {"/a?b", "GET", "/"}, {"/{", "GET", "/"}, {"/\x00",
			"GET", "/"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, text, method, path string) {
		p, err := route.ParsePattern(text)
		if err != nil {
			return
		}
		var again route.Pattern
		if err := again.UnmarshalText([]byte(p.String())); err != nil || !again.Covers(p) {
			t.Fatalf("%q read twice: %v", text, err)
		}
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, "/.") ||
			method == http.MethodConnect || strings.Contains(text, "{") && strings.Contains(path, "\x00") {
			return
		}
		mux := http.NewServeMux()
		mux.Handle(text, here{})
		found, _ := mux.Handler(&http.Request{Method: method, Host: "a.example", URL: &url.URL{Path: path}})
		if got, want := p.Matches(method, path), found == (here{}); got != want { // else it redirects or refuses
			t.Errorf("%q for %s %q: %v, and of net/http %v", text, method, path, got, want)
		}
	})
}
