package api

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"coatcheck.dev/session"
)

// A guest is a visitor whose request a service has before it, as it tells of it. A session is looked up, changed and
// ended behind the manager's own handler, as if the visitor had come to the gate: so there is one set of rules.
type guest struct {
	Site      string  `json:"site"`
	Cookie    *string `json:"cookie"`
	Ticket    *string `json:"ticket"`
	Address   string  `json:"address"`
	UserAgent string  `json:"user_agent"`
	Method    string  `json:"method"`
}

const (
	maxCookie    = 32 << 10
	maxTicket    = 256
	maxUserAgent = 4 << 10
	maxSite      = 255
)

// check reports what is wrong with a visitor, if anything. It writes the address as the gate does.
func (v *guest) check() error {
	switch {
	case v.Cookie != nil && v.Ticket != nil:
		return errors.New("cookie and ticket: a visitor has one of them")
	case v.Cookie != nil && (len(*v.Cookie) > maxCookie || !headerText(*v.Cookie)):
		return errors.New("cookie is not the text of a Cookie header, of at most 32 KiB")
	case v.Ticket != nil && (len(*v.Ticket) > maxTicket || !headerText(*v.Ticket)):
		return errors.New("ticket is none that there can be")
	case len(v.Site) > maxSite:
		return errors.New("site is longer than a host's name can be")
	case len(v.UserAgent) > maxUserAgent || !headerText(v.UserAgent):
		return errors.New("user_agent is not the text of a User-Agent header, of at most 4 KiB")
	case v.Method != "" && !slices.Contains(methodNames, v.Method):
		return errors.New("method is one of " + strings.Join(methodNames, ", "))
	}
	if v.Address == "" {
		return nil
	}
	address, err := netip.ParseAddr(v.Address)
	if err != nil {
		return errors.New("address is no IP address, such as 192.0.2.7 or 2001:db8::5, without a port")
	}
	v.Address = address.WithZone("").Unmap().String() // as the gate has it; the zone may be any text
	return nil
}

var methodNames = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// headerText reports whether a text can be the value of a header.
func headerText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// asBearer marks the context of a visitor's request whose ticket is no cookie.
type asBearer struct{}

// Header returns what session.Options.Header has to be for managers that the API uses: it knows the visitors that come
// with a ticket, and asks other for all other requests. Other may be nil.
func Header(other func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Context().Value(asBearer{}) != nil || other != nil && other(r)
	}
}

// request returns the visitor's request to a site. It has come by https, as far as cookies are concerned: only the
// service knows, and a browser drops those that do not belong.
func (v *guest) request(ctx context.Context, m *session.Manager, bearer bool) *http.Request {
	if bearer {
		ctx = context.WithValue(ctx, asBearer{}, true)
	}
	header := make(http.Header, 2)
	if v.UserAgent != "" {
		header["User-Agent"] = []string{v.UserAgent}
	}
	if v.Cookie != nil && *v.Cookie != "" {
		header["Cookie"] = []string{*v.Cookie}
	}
	if v.Ticket != nil {
		header["Authorization"] = []string{"Bearer " + *v.Ticket}
	}
	method, host := v.Method, v.Site
	if method == "" {
		method = http.MethodGet
	}
	if host == "" {
		host = m.Options().InsecureDomain
	}
	r := &http.Request{
		Method: method, URL: new(url.URL), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: http.NoBody, Host: host, RemoteAddr: v.Address, RequestURI: "/", TLS: overTLS,
	}
	r.URL.Path = "/"
	return r.WithContext(ctx)
}

var overTLS = new(tls.ConnectionState)

// A passed is what the visitor's browser is to be told: lines to pass on as they are.
type passed struct {
	SetCookie []string            `json:"set_cookie"`
	Ticket    *string             `json:"ticket,omitempty"` // empty if it is to be forgotten
	Headers   map[string][]string `json:"headers,omitempty"`
}

// errUnknown says that nobody can tell whether there is a session, or that a change was not saved.
var errUnknown = errors.New("api: the store did not answer")

// visit calls do with the visitor's session, and returns what the visitor is to be told once everything that was done
// is durable. An error is errUnknown, or that of do, or a conflict.
func (s sessions) visit(
	ctx context.Context, site *Site, v *guest, bearer bool, do func(*session.Session) error,
) (passed, error) {
	m := site.Sessions
	answer := captured{header: make(http.Header, 4)}
	failed := errUnknown
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visitor := m.From(r.Context())
		if failed = do(visitor); failed == nil {
			failed = visitor.Save()
		}
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(&answer, v.request(ctx, m, bearer))
	if failed == nil && answer.status != http.StatusNoContent {
		failed = errUnknown
	}
	return answer.passed(), failed
}

// A captured is an answer whose body nobody reads.
type captured struct {
	header http.Header
	status int
}

func (c *captured) Header() http.Header         { return c.header }
func (c *captured) Write(b []byte) (int, error) { c.WriteHeader(http.StatusOK); return len(b), nil }

func (c *captured) WriteHeader(status int) {
	if c.status == 0 && status >= 200 {
		c.status = status
	}
}

// guardHeaders are those by which a browser's key is bound to its session: see package bound.
var guardHeaders = []string{"Secure-Session-Registration", "Secure-Session-Challenge"}

func (c *captured) passed() passed {
	p := passed{SetCookie: c.header["Set-Cookie"]}
	if p.SetCookie == nil {
		p.SetCookie = []string{}
	}
	if lines, ok := c.header[textproto.CanonicalMIMEHeaderKey("Session-Ticket")]; ok {
		p.Ticket = &lines[0]
	}
	for _, name := range guardHeaders {
		if lines := c.header[name]; len(lines) > 0 {
			if p.Headers == nil {
				p.Headers = make(map[string][]string)
			}
			p.Headers[name] = lines
		}
	}
	return p
}
