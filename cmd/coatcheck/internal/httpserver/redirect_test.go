package httpserver_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
)

func TestPlainHTTPIsLedToTheSamePlace(t *testing.T) {
	for _, c := range []struct{ host, target, want string }{
		{"shop.example", "/a?b=c", "https://shop.example/a?b=c"},
		{"shop.example:8080", "/", "https://shop.example:8443/"},
		{"SHOP.example.", "/", "https://shop.example/"},
		{"[2001:db8::1]", "/", "https://[2001:db8::1]/"},
		{"[2001:db8::1]:8080", "/", "https://[2001:db8::1]:8443/"},
		{"192.0.2.1:80", "/", "https://192.0.2.1:8443/"},
		{"shop.example", "/a%2Fb%20c", "https://shop.example/a%2Fb%20c"},
		{"shop.example", "//evil.example/", "https://shop.example//evil.example/"},
		{"evil.example/", "/", ""},
		{"shop.example@evil.example", "/", ""},
		{"", "/", ""},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.URL.Path, r.URL.RawPath = "", ""
		u, err := r.URL.Parse("http://x" + c.target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL, r.Host = u, c.host
		w := httptest.NewRecorder()
		httpserver.ToHTTPS(8443, 443).ServeHTTP(w, r)
		want := http.StatusPermanentRedirect
		if c.want == "" {
			want = http.StatusBadRequest
		}
		if got := w.Header().Get("Location"); w.Code != want || got != c.want {
			t.Errorf("%s%s: %d to %q; want %d to %q", c.host, c.target, w.Code, got, want, c.want)
		}
	}
}

func TestStrictTransportIsSaidByHTTPSAlone(t *testing.T) {
	page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		tls, below bool
		want       string
	}{
		{true, false, "max-age=3600"}, {true, true, "max-age=3600; includeSubDomains"}, {false, true, ""},
	} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		if c.tls {
			r.TLS = new(tls.ConnectionState)
		}
		httpserver.Strict(page, time.Hour, c.below).ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
