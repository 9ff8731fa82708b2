package sessiontest

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// NewManager returns a manager with a store in memory, which is closed when the test ends.
func NewManager(t testing.TB, o session.Options) *session.Manager {
	t.Helper()
	m := session.New(memory.New(), o)
	t.Cleanup(func() { _ = m.Close(context.Background()) }) // what it says is of the store, which has nothing to close
	return m
}

// A Visitor is one browser at a site. It belongs to one goroutine.
type Visitor struct {
	t        testing.TB
	sessions *session.Manager
	site     http.Handler
	cookies  *jar.Jar
	home     string   // the host of the site
	at       *url.URL // the page that was visited last
}

// testHost is that of requests by net/http/httptest.
const testHost = "example.com"

// NewVisitor returns a visitor of a site, with no cookies. The site is what the app serves, with
// [session.Manager.Handler] around it; sessions is that manager. The site's host is example.com, or the domain that the
// sessions are shared by: see session.Options.InsecureDomain.
func NewVisitor(t testing.TB, sessions *session.Manager, site http.Handler) *Visitor {
	home := sessions.Options().InsecureDomain
	if home == "" {
		home = testHost
	}
	return &Visitor{
		t: t, sessions: sessions, site: site, cookies: jar.New(jar.Options{}), home: home,
		at: &url.URL{Scheme: "https", Host: home, Path: "/"},
	}
}

// SignIn signs the visitor in, as a site's own sign-in would, and returns the visitor.
func (v *Visitor) SignIn(user string, options ...session.SignInOption) *Visitor {
	v.t.Helper()
	v.With(func(s *session.Session) {
		v.t.Helper()
		if err := s.SignIn(user, options...); err != nil {
			v.t.Fatalf("sessiontest: sign in: %v", err)
		}
	})
	return v
}

// Get asks for a page as a browser does, by its path or its whole URL.
func (v *Visitor) Get(target string) *httptest.ResponseRecorder {
	v.t.Helper()
	r := v.request(http.MethodGet, target, "")
	r.Header.Set("Accept", browserAccept)
	return v.Do(r)
}

// PostForm sends a form as a browser does from a page of the same site.
func (v *Visitor) PostForm(target string, form url.Values) *httptest.ResponseRecorder {
	v.t.Helper()
	r := v.request(http.MethodPost, target, form.Encode())
	r.Header.Set("Accept", browserAccept)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.Do(r)
}

const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func (v *Visitor) request(method, target, body string) *http.Request {
	return httptest.NewRequestWithContext(v.t.Context(), method, target, strings.NewReader(body))
}

// Do sends any request, such as one of [httptest.NewRequest], with the visitor's cookies, and keeps those of the
// response. Redirects are not followed.
//
// A request goes over TLS, unless its URL begins with http://, where browsers keep and send no Secure cookie. It is one
// of the site's own pages that makes the request, if Sec-Fetch-Site or Origin do not say otherwise.
func (v *Visitor) Do(r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	return v.send(v.site, r)
}

// With lets a function look at the visitor's session and change it, in a request of its own that does not reach the
// site. It is no use of the session: the idle timeout goes on.
func (v *Visitor) With(fn func(s *session.Session)) {
	v.t.Helper()
	w := v.send(v.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := v.sessions.From(r.Context())
		s.Passive()
		fn(s)
	})), v.request(http.MethodGet, v.at.Scheme+"://"+v.at.Host+"/", ""))
	if w.Code != http.StatusOK {
		v.t.Fatalf("sessiontest: the session could not be read or saved: status %d, %s", w.Code, w.Body)
	}
}

// Get returns the value of a key in the visitor's session, the zero value if there is none.
func Get[T any](v *Visitor, k session.Key[T]) (value T) {
	v.t.Helper()
	v.With(func(s *session.Session) { value = k.Get(s) })
	return value
}

// Set sets the value of a key in the visitor's session. A visitor who had none has one from then on.
func Set[T any](v *Visitor, k session.Key[T], value T) {
	v.t.Helper()
	v.With(func(s *session.Session) {
		v.t.Helper()
		if err := k.Set(s, value); err != nil {
			v.t.Fatalf("sessiontest: %v", err)
		}
	})
}

// send has a handler answer a request.
func (v *Visitor) send(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	v.address(r)
	v.present(r)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	for _, line := range w.Header().Values("Set-Cookie") {
		if reasons := v.cookies.Set(&jar.Request{URL: v.at, Method: r.Method}, line); reasons.Excluded() {
			name, _, _ := strings.Cut(line, "=")
			v.t.Logf("sessiontest: a browser does not take the cookie %s: %v", name, reasons.Exclusions())
		}
	}
	v.keepTicket(w.Header())
	return w
}

// address completes what a request says of where it goes and comes from.
func (v *Visitor) address(r *http.Request) {
	if r.URL.Host == "" && r.Host == testHost {
		r.Host = v.home
	}
	at := *r.URL
	if at.Host == "" {
		at.Host = r.Host
	}
	if at.Scheme == "" {
		at.Scheme = "https"
	}
	if at.Scheme == "https" && r.TLS == nil {
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: at.Hostname()}
	}
	if r.Header["Sec-Fetch-Site"] == nil && r.Header["Origin"] == nil {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	v.at = &at
}

// present gives a request the visitor's cookies, beside those that it has.
func (v *Visitor) present(r *http.Request) {
	line := v.cookies.Header(&jar.Request{URL: v.at, Method: r.Method})
	if own := r.Header.Get("Cookie"); own != "" && line != "" {
		line = own + "; " + line
	}
	if line != "" {
		r.Header.Set("Cookie", line)
	}
	if o := v.sessions.Options(); o.Header != nil && o.Header(r) && r.Header["Authorization"] == nil {
		if c, err := r.Cookie(o.Cookie); err == nil {
			r.Header.Set("Authorization", "Bearer "+c.Value)
		}
	}
}

// keepTicket keeps the ticket of a program without cookies, in the place of its cookie. See session.Options.Header.
func (v *Visitor) keepTicket(header http.Header) {
	const ticket = "Session-Ticket"
	if _, told := header[ticket]; !told {
		return
	}
	o := v.sessions.Options()
	line := o.Cookie + "=" + header.Get(ticket) + "; Path=/; Secure; HttpOnly"
	if header.Get(ticket) == "" {
		line += "; Max-Age=0"
	}
	v.cookies.Set(&jar.Request{URL: v.at}, line)
}
