package gate_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/session"
)

func pattern(t testing.TB, text string) route.Pattern {
	t.Helper()
	p, err := route.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// withRoutes gives a gate routes, and its manager what they need.
func withRoutes(t testing.TB, routes ...route.Route) func(*setup) {
	return func(s *setup) {
		s.gate.Routes = routes
		s.session.OnFailure, s.session.Passive, s.session.SignInPath = route.OnFailure, route.Passive, "/login"
	}
}

// What a route requires holds for every reading of a path that some app may have, and what it opens holds for its path
// alone.
//
// Rows: A33
func TestRoutesHoldHoweverAPathIsSpelt(t *testing.T) {
	st := newSite(t, says(), withRoutes(t,
		route.Route{Match: pattern(t, "/admin/open"), Access: route.AnyVisitor},
		route.Route{Match: pattern(t, "/admin/"), Access: route.Required},
		route.Route{Match: pattern(t, "/Billing"), Access: route.Required},
		route.Route{Match: pattern(t, "POST /post"), Access: route.Required},
		route.Route{Match: pattern(t, "/accounts/{id}"), Access: route.Required},
		route.Route{Match: pattern(t, "/static/"), Access: route.Public},
	))
	v := st.visitor()
	for path, want := range map[string]int{
		"/admin/": 401, "/admin": 401, "/admin/x": 401, "/ADMIN/x": 401, "/%61dmin/x": 401, "/%2561dmin/x": 401,
		"//admin/x": 401, "/./admin/x": 401, "/static/../admin/x": 401, "/static/..%2fadmin/x": 401,
		"/static%2f..%2fadmin%2fx": 401, `/static/..%5cadmin/x`: 401, "/static/..;a=b/admin/x": 401,
		"/admin;a=b/x": 401,
		"/admin%2fx":   401, "/x/%2e%2e/admin": 401, "/billing": 401, "/Billing/": 401, "/BILLING;x": 401,
		"/billing%23x": 401, "/billing%3Fx": 401, "/static/a%23/../../admin/x": 401,
		"/accounts/1%23/b": 401,
		"/admin/open":      200, "/admin/open/": 401, "/admin/OPEN": 401, "/admin/open/../x": 401,
		"/administrator": 200, "/": 200, "/static/a": 200, "/static/%C3%BC.png": 200, "/a;b=c": 200, "/a%23b": 200,
		"/post":       200,
		"/accounts/1": 401, "/accounts/a%2fb": 401, "/accounts/a%2Fb": 401,
		"/ACCOUNTS/a%2fb": 401, "/accounts/a/b": 200,
	} {
		if got := v.get(path); got.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, got.StatusCode, want)
		}
	}
	for _, method := range []string{"POST", "post", "Post"} {
		if got := v.do(method, "/post", nil); got.StatusCode != 401 {
			t.Errorf("%s: %d", method, got.StatusCode)
		}
	}
}

// What contradicts itself is refused, and so is a route that no request comes to.
func TestWrongRoutes(t *testing.T) {
	for says, routes := range map[string][]route.Route{
		"need access: required": {{Match: pattern(t, "/a"), Access: route.Public, Recent: time.Minute}},
		"leave out stale":       {{Match: pattern(t, "/a"), Access: route.Required, Level: 2, Stale: time.Minute}},
		"mean nothing":          {{Match: pattern(t, "/a"), Access: route.Public, Passive: true}},
		"choose one":            {{Match: pattern(t, "/a"), Access: route.Optional, Stale: time.Minute}},
		"not negative":          {{Match: pattern(t, "/a"), Stale: -1}},
		"never reached":         {{Match: pattern(t, "/a/")}, {Match: pattern(t, "GET /a/b")}},
	} {
		u, _ := url.Parse("http://127.0.0.1:1")
		err := gate.Options{Upstream: u, Options: route.Options{Routes: routes}}.Check()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// Bearer clients have their ticket in headers of their own, and the app sees nothing of it.
func TestBearerClients(t *testing.T) {
	st := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/in" {
			w.Header().Set("Coatcheck-Sign-In", "ada")
		}
		w.Header().Set("Session-Ticket", "forged")
		json.NewEncoder(w).Encode([]string{r.Header.Get("Coatcheck-User"), r.Header.Get("Authorization")})
	}, withRoutes(t), func(s *setup) {
		s.gate.Bearer = []route.Pattern{pattern(t, "/api/")}
		s.session.Header = route.Bearer
	})
	v := st.visitor()
	in := v.get("/api/in")
	ticket := in.Header.Get("Session-Ticket")
	if len(ticket) != 55 || len(in.Header["Set-Cookie"]) > 0 || len(in.Header["Session-Ticket"]) != 1 {
		t.Fatalf("sign-in: %v", in.Header)
	}
	with := http.Header{"Authorization": {"Bearer " + ticket}}
	if got := v.do("GET", "/api/me", with); strings.TrimSpace(got.body) != `["ada",""]` ||
		got.Header.Get("Session-Ticket") != "" {
		t.Errorf("with the ticket: %s %v", got.body, got.Header)
	}
	for _, path := range []string{"/page", "/api/../page", "/API/../page", "/page/..;/api"} {
		if got := v.do("GET", path, with); strings.Contains(got.body, "ada") {
			t.Errorf("%s takes the ticket of the header: %s", path, got.body)
		}
	}
	cookie := &visitor{site: st, ticket: ticket}
	if got := cookie.get("/api/me"); strings.Contains(got.body, "ada") {
		t.Errorf("a cookie is taken where tickets are in the header: %s", got.body)
	}
}

// An app may listen on a socket, speak HTTP/2 without TLS, or prove who it is to an authority of the operator's.
func TestKindsOfUpstream(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		fmt.Fprintf(w, "%s %s %s", r.Proto, r.Host, r.Header.Get("Coatcheck-User"))
		w.Header().Set("Sum", "1")
	})
	socket := filepath.Join(t.TempDir(), "app.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	onSocket := httptest.NewUnstartedServer(app)
	onSocket.Listener.Close()
	onSocket.Listener = listener
	onSocket.Start()
	t.Cleanup(onSocket.Close)

	h2c := httptest.NewUnstartedServer(app)
	h2c.Config.Protocols = new(http.Protocols)
	h2c.Config.Protocols.SetUnencryptedHTTP2(true)
	h2c.Start()
	t.Cleanup(h2c.Close)

	https := httptest.NewTLSServer(app)
	https.Config.ErrorLog = nil
	t.Cleanup(https.Close)
	ca := x509.NewCertPool()
	ca.AddCert(https.Certificate())

	for _, tt := range []struct {
		name, upstream string
		ca             *x509.CertPool
		says           string
		status         int
	}{
		{"unix", "unix:" + socket, nil, "HTTP/1.1", 200},
		{"h2c", "h2c://" + strings.TrimPrefix(h2c.URL, "http://"), nil, "HTTP/2.0", 200},
		{"https", https.URL, ca, "HTTP/1.1", 200},
		{"https of nobody's", https.URL, nil, "cannot be reached", 502},
		{"https of somebody else's", https.URL, x509.NewCertPool(), "cannot be reached", 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := newSiteAt(t, tt.upstream, func(s *setup) { s.gate.UpstreamCA = tt.ca })
			host := strings.TrimPrefix(st.url, "http://")
			got := st.signedIn("ada").get("/")
			if got.StatusCode != tt.status || !strings.HasPrefix(got.body, tt.says) && tt.status == 200 ||
				tt.status == 200 && (got.body != tt.says+" "+host+" ada" || got.Trailer.Get("Sum") != "1") {
				t.Errorf("%d %q, trailers %v; log %s", got.StatusCode, got.body, got.Trailer, st.log)
			}
		})
	}
}

// A site that others show in a frame has a cookie that browsers send from there, one for each of these sites.
//
// Rows: N5, ASVS 3.3.1
func TestAppInAFrame(t *testing.T) {
	st := newSite(t, says("Coatcheck-Set: cart=1"), func(s *setup) { s.session.Partitioned = true })
	framed := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"iframe"},
		"Sec-Fetch-Mode": {"navigate"}}
	got := st.visitor().do("GET", "/", framed)
	lines := got.setCookies("__Host-session")
	if len(lines) != 1 || !strings.HasSuffix(lines[0], "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned") {
		t.Errorf("cookies: %q", got.Header["Set-Cookie"])
	}
	plain := newSite(t, says("Coatcheck-Set: cart=1"))
	if got := plain.visitor().do("GET", "/", framed); len(got.Header["Set-Cookie"]) > 0 {
		t.Errorf("a cookie that no frame could have sent is replaced: %q", got.Header["Set-Cookie"])
	}
	if err := (session.Options{Partitioned: true, SameSiteStrict: true}).Check(); err == nil {
		t.Error("strict and partitioned")
	}
}
