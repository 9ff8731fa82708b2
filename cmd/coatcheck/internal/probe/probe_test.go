package probe_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
	"coatcheck.dev/cmd/coatcheck/internal/probe"
)

// What makes no sense, or may be somebody else's, is refused before anything is sent.
func TestOptionsAreChecked(t *testing.T) {
	const here = "http://127.0.0.1:9"
	for name, tt := range map[string]struct {
		opts probe.Options
		want string
	}{
		"another machine":   {probe.Options{Site: "http://192.0.2.200"}, "--yes-this-is-mine"},
		"a name":            {probe.Options{Site: "https://shop.example"}, "--yes-this-is-mine"},
		"no URL":            {probe.Options{Site: "shop.example"}, "--site: "},
		"another protocol":  {probe.Options{Site: "ftp://localhost"}, "--site: "},
		"a path":            {probe.Options{Site: here + "/shop"}, "--probe"},
		"a password":        {probe.Options{Site: "http://a:b@localhost"}, "--site: "},
		"probe":             {probe.Options{Site: here, Probe: "echo"}, "--probe: "},
		"required":          {probe.Options{Site: here, Required: "/a?b"}, "--required: "},
		"auth":              {probe.Options{Site: here, Auth: "/a b\r\nX: y"}, "--auth: "},
		"cookie":            {probe.Options{Site: here, Cookie: "a=b\r\nX: y"}, "--cookie "},
		"outage, no cookie": {probe.Options{Site: here, StoreDown: true}, "--store-down "},
		"upstream":          {probe.Options{Site: here, Upstreams: []string{"localhost"}}, "--upstream: "},
		"upstream, not mine": {probe.Options{Site: here, Upstreams: []string{"192.0.2.200:80"}},
			"--yes-this-is-mine"},
		"plain, another host": {probe.Options{Site: here, Plain: "http://localhost"}, "--plain: "},
		"plain, but https":    {probe.Options{Site: here, Plain: "https://127.0.0.1"}, "--plain: "},
		"nobody is there":     {probe.Options{Site: here}, "does not answer"},
		"nobody, and mine":    {probe.Options{Site: here, Mine: true}, "does not answer"},
	} {
		if _, err := probe.Run(t.Context(), tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", name, err, tt.want)
		}
	}
}

// Without the echo nothing can be judged, and the error says what to do.
func TestItNeedsTheEcho(t *testing.T) {
	app := httptest.NewServer(http.NotFoundHandler())
	defer app.Close()
	_, err := probe.Run(t.Context(), probe.Options{Site: app.URL})
	if err == nil || !strings.Contains(err.Error(), "/.echo is answered 404, and not by coatcheck echo") {
		t.Error(err)
	}
}

// serveEcho starts the app of coatcheck echo, and returns its address.
func serveEcho(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go echo.New(echo.Options{}).Serve(t.Context(), l)
	return l.Addr().String()
}

// A proxy that takes away who may keep a page is told so, even if it keeps nothing itself.
func TestCacheControlThatIsLost(t *testing.T) {
	app := serveEcho(t)
	for _, to := range []string{"", "public, max-age=60", "private, no-store"} {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: app})
		proxy.ModifyResponse = func(r *http.Response) error {
			r.Header.Set("Cache-Control", to)
			return nil
		}
		site := httptest.NewServer(proxy)
		defer site.Close()
		r, err := probe.Run(t.Context(), probe.Options{Site: site.URL})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Findings {
			if f.Name == "caching" && (f.Status == probe.OK) != strings.Contains(to, "no-store") {
				t.Errorf("Cache-Control %q: %+v", to, f)
			}
		}
	}
}

// An app that anybody reaches without a proxy: the report names what is dangerous first, and what it could not try.
func TestReport(t *testing.T) {
	app := serveEcho(t)
	r, err := probe.Run(t.Context(), probe.Options{Site: "http://" + app, Required: "/account"})
	if err != nil {
		t.Fatal(err)
	}
	var text, object bytes.Buffer
	if r.WriteText(&text) != nil || r.WriteJSON(&object) != nil {
		t.Fatal("not written")
	}
	for _, want := range []string{
		"Dangerous\n  ✗ identity             Coatcheck-User and its kin from a client",
		"anybody can be anybody\n    → have the proxy remove",
		"Unknown\n  ? identity-doubled     ", "    → repair the row identity first\n",
		"As it should be\n", "✓ websocket ",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &text)
		}
	}
	if !strings.Contains(object.String(), `"status": "dangerous",`) || r.Err() == nil || r.Requests > 150 {
		t.Errorf("%v, %d requests, %s", r.Err(), r.Requests, &object)
	}
	names := map[string]bool{}
	for _, f := range r.Findings {
		if names[f.Name] || f.Tried == "" || f.Got == "" || f.Fix == "" && f.Status != probe.OK {
			t.Errorf("a row is twice, or does not say all: %+v", f)
		}
		names[f.Name] = true
	}
}
