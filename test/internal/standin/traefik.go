// Package standin has what stands in for proxies that no registry of CI has, written from their documentation and
// source. Nothing here was run against the real programs.
package standin

import (
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Traefik listens at addr, with the file that the program prints: its ForwardAuth as the documentation of 3.7 and
// pkg/middlewares/auth/forward.go describe it.
func Traefik(t testing.TB, addr, snippet string) {
	t.Helper()
	var file struct {
		HTTP struct {
			Middlewares map[string]struct {
				ForwardAuth forwardAuth `yaml:"forwardAuth"`
				Headers     struct {
					Request map[string]string `yaml:"customRequestHeaders"`
				}
			}
			Services map[string]struct {
				LoadBalancer struct{ Servers []struct{ URL string } } `yaml:"loadBalancer"`
			}
		}
	}
	if err := yaml.Unmarshal([]byte(snippet), &file); err != nil {
		t.Fatal(err)
	}
	app, err := url.Parse(file.HTTP.Services["app-0"].LoadBalancer.Servers[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	auth := file.HTTP.Middlewares["coatcheck-0"].ForwardAuth
	auth.custom = file.HTTP.Middlewares["misleading"].Headers.Request
	auth.next = httputil.NewSingleHostReverseProxy(app)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: &auth}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
}

// A forwardAuth is the middleware of that name.
type forwardAuth struct {
	Address                  string   `yaml:"address"`
	TrustForwardHeader       bool     `yaml:"trustForwardHeader"`
	AuthResponseHeadersRegex string   `yaml:"authResponseHeadersRegex"`
	AddAuthCookiesToResponse []string `yaml:"addAuthCookiesToResponse"`
	PreserveLocationHeader   bool     `yaml:"preserveLocationHeader"`

	custom map[string]string // of the middleware Headers before it; "" takes a header out
	next   *httputil.ReverseProxy
}

// perConnection are the headers that go no further than one connection.
var perConnection = []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func (f *forwardAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	enter(r)
	for name, value := range f.custom {
		if value == "" {
			r.Header.Del(name)
		}
	}
	res, err := http.DefaultTransport.RoundTrip(f.question(r))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		for name, lines := range res.Header {
			if !slices.Contains(perConnection, name) {
				w.Header()[name] = lines
			}
		}
		if to, err := res.Location(); err == nil && !f.PreserveLocationHeader {
			w.Header().Set("Location", to.String())
		}
		w.WriteHeader(res.StatusCode)
		io.Copy(w, res.Body)
		return
	}
	is := regexp.MustCompile(f.AuthResponseHeadersRegex)
	for name := range r.Header {
		if is.MatchString(name) {
			r.Header.Del(name)
		}
	}
	for name, lines := range res.Header {
		if is.MatchString(name) {
			r.Header[name] = lines
		}
	}
	proxy := *f.next
	proxy.ModifyResponse = func(answer *http.Response) error {
		for _, c := range res.Cookies() {
			if slices.Contains(f.AddAuthCookiesToResponse, c.Name) {
				answer.Header.Add("Set-Cookie", c.String())
			}
		}
		return nil
	}
	proxy.ServeHTTP(w, r)
}

// entryPoint has the headers that Traefik says itself. "_" in a name counts for "-", as in its 3.7.
var entryPoint = []string{
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Port", "X-Forwarded-Prefix",
	"X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Uri", "X-Real-Ip", "X-Scheme",
}

// enter does what an entry point does first (pkg/middlewares/forwardedheaders): it takes out what the client's
// connection alone is told, and what the client says of where it comes from.
func enter(r *http.Request) {
	header := r.Header
	for name := range header {
		if slices.Contains(entryPoint, http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))) {
			delete(header, name)
		}
	}
	hopByHop(header)
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	header.Set("X-Real-Ip", client)
	header.Set("X-Forwarded-Host", r.Host)
	header.Set("X-Forwarded-Proto", "http")
}

// hopByHop takes out what the client's connection alone is told: RFC 9110, section 7.6.1.
func hopByHop(header http.Header) {
	upgrade := header.Get("Upgrade")
	for name := range strings.SplitSeq(header.Get("Connection"), ",") {
		header.Del(strings.TrimSpace(name))
	}
	header.Del("Connection")
	if upgrade != "" {
		header.Set("Connection", "Upgrade")
		header.Set("Upgrade", upgrade)
	}
}

// question is what the middleware asks.
func (f *forwardAuth) question(r *http.Request) *http.Request {
	ask, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, f.Address, nil)
	ask.Header = r.Header.Clone()
	for name := range ask.Header {
		if slices.Contains(perConnection, name) || !f.TrustForwardHeader && strings.HasPrefix(name, "X-Forwarded-") {
			ask.Header.Del(name)
		}
	}
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	_, port, _ := net.SplitHostPort(r.Host)
	for name, value := range map[string]string{
		"For": client, "Method": r.Method, "Proto": "http", "Host": r.Host, "Port": port, "Uri": r.URL.RequestURI(),
	} {
		if ask.Header.Get("X-Forwarded-"+name) == "" {
			ask.Header.Set("X-Forwarded-"+name, value)
		}
	}
	return ask
}
