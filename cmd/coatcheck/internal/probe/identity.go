package probe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// identity has the headers, by echo.Plain, that only Coatcheck may say.
var identity = map[string]bool{
	"coatcheck-user": true, "coatcheck-session": true, "coatcheck-data": true, "coatcheck-bound": true,
	"coatcheck-csrf-token": true,
}

// identities are their names in the usual spelling.
var identities = []string{
	"Coatcheck-User", "Coatcheck-Session", "Coatcheck-Data", "Coatcheck-Bound", "Coatcheck-Csrf-Token",
}

// forged is how often a forged header reached the app, and how often the header did at all.
type forged struct{ own, all int }

// landed says which of the forged headers are in a report.
func (a *attack) landed(r *echo.Report) map[string]forged {
	found := map[string]forged{}
	if r == nil {
		return found // it was refused
	}
	a.trailing = a.trailing || len(r.Trailer) > 0
	for _, l := range r.Header {
		name := echo.Plain(l.Name)
		if !identity[name] {
			continue
		}
		f := found[name]
		f.all++
		if strings.Contains(l.Value, a.mark) || l.Value == echo.Digest(a.mark) {
			f.own++
		}
		found[name] = f
	}
	return found
}

// claim sends a request that claims to be somebody, in headers that spell makes of a name and a value.
func (a *attack) claim(ctx context.Context, r request, spell func(name, value string) []string) (*response, error) {
	for _, name := range identities {
		if !a.through[echo.Plain(name)] {
			r.lines = append(r.lines, spell(name, a.mark)...)
		}
	}
	if r.target == "" {
		r.target = a.fresh()
	}
	return a.send(ctx, r)
}

// plainly sends the headers as the gate itself spells them. One that comes beside the proxy's own is judged by doubled.
func (a *attack) plainly(ctx context.Context) (Finding, error) {
	const tried = "Coatcheck-User and its kin from a client, in upper and lower case"
	var through []string
	refused := true
	for _, change := range []func(string) string{func(s string) string { return s }, strings.ToLower, strings.ToUpper} {
		got, err := a.claim(ctx, request{}, func(name, value string) []string {
			return []string{change(name) +
				": " + value}
		})
		if err != nil {
			return Finding{Tried: tried}, err
		}
		refused = refused && got.report == nil
		for name, f := range a.landed(got.report) {
			if f.own > 0 && f.all == f.own {
				through = append(through, name)
			}
		}
	}
	for _, name := range through {
		a.through[name] = true
	}
	if len(through) > 0 {
		return dangerous(tried, named(through)+" reached the app as the client sent it: anybody can be anybody",
			"have the proxy remove what clients send, or set the header itself on every request to the app, also when "+
				"it is empty, and on every path")
	}
	return a.held(tried, refused)
}

// held is the good outcome.
func (a *attack) held(tried string, refused bool) (Finding, error) {
	switch {
	case len(a.through) == len(identities):
		return unknown(tried, "all of them go through in their usual spelling", "repair the row identity first")
	case refused:
		return ok(tried, tried+": refused")
	}
	return ok(tried, tried+": none reached the app")
}

// spelled judges headers in other spellings than the usual.
func (a *attack) spelled(ctx context.Context, tried, fix string, r request,
	spellings ...func(name, value string) []string,
) (Finding, error) {
	var through []string
	refused := true
	for _, spell := range spellings {
		got, err := a.claim(ctx, r, spell)
		if err != nil {
			return Finding{Tried: tried}, err
		}
		refused = refused && got.report == nil
		for name, f := range a.landed(got.report) {
			if f.own > 0 && !a.through[name] {
				through = append(through, name)
			}
		}
	}
	if len(through) > 0 {
		return dangerous(tried, named(through)+" reached the app with the client's value", fix)
	}
	return a.held(tried, refused)
}

// named lists names once.
func named(names []string) string {
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = http.CanonicalHeaderKey(name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// doubled sends each header once and twice. What is through here goes through in every other spelling, too.
func (a *attack) doubled(ctx context.Context) (Finding, error) {
	f, err := a.spelled(ctx, "Coatcheck-User and its kin beside the proxy's own, and in two lines",
		"have the proxy set the header (proxy_set_header, set-header), which replaces what is there, and not add it",
		request{},
		func(name, value string) []string { return []string{name + ": " + value} },
		func(name, value string) []string { return []string{name + ": " + value, name + ": " + value} },
		func(name, value string) []string { return []string{name + ":", name + ": " + value} })
	if f.Status == Dangerous {
		for _, name := range identities {
			a.through[echo.Plain(name)] = true
		}
	}
	return f, err
}

func (a *attack) otherSigns(ctx context.Context) (Finding, error) {
	var spellings []func(name, value string) []string
	for _, sign := range []string{"_", ".", "~", "!"} {
		for _, change := range []func(string) string{strings.ToLower, strings.ToUpper} {
			spellings = append(spellings, func(name, value string) []string {
				return []string{change(strings.ReplaceAll(name, "-", sign)) + ": " + value}
			})
		}
	}
	return a.spelled(ctx, "Coatcheck_User, COATCHECK.USER and the like",
		"have the proxy drop such names (nginx: no underscores_in_headers; HAProxy: http-request del-header "+
			"coatcheck -m beg; Caddy: request_header -Coatcheck*): CGI, WSGI, Rack and PHP read them as Coatcheck-User",
		request{}, spellings...)
}

// paths are of kinds that proxies often treat otherwise than pages: they come from elsewhere, or are for everybody.
var paths = []string{
	".css", ".js", ".png", ".json", "/static/", "/assets/", "/api/", "/public/", "/.well-known/", "/ws/", "/health/",
}

// elsewhere claims to be somebody at other paths than the probe's, where the echo is in place of the whole app.
func (a *attack) elsewhere(ctx context.Context) (Finding, error) {
	const tried = "Coatcheck-User and its kin at other paths, such as /api/ and of images"
	session := request{}
	if a.signedIn() {
		session.lines = []string{"Cookie: " + a.session}
	}
	got, err := a.get(ctx, "/"+a.mark, session.lines...)
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case got.report == nil:
		return unknown(tried, "the echo is at the probe's path alone", "put coatcheck echo in place of the app")
	}
	var through []string
	for _, path := range paths {
		r := request{target: path + a.mark, lines: slices.Clone(session.lines)}
		if path[0] == '.' {
			r.target = "/" + a.mark + path
		}
		got, err := a.claim(ctx, r, func(name, value string) []string { return []string{name + ": " + value} })
		if err != nil {
			return Finding{Tried: tried}, err
		}
		for name, f := range a.landed(got.report) {
			if f.own > 0 {
				through = append(through, name)
			}
		}
		if len(through) > 0 {
			return dangerous(tried, named(through)+" reached the app with the client's value at "+r.target,
				"have the proxy remove or set the headers on every path (nginx: a location of its own needs "+
					"auth_request and proxy_set_header as well)")
		}
	}
	return a.held(tried, false)
}

func (a *attack) spaced(ctx context.Context) (Finding, error) {
	return a.spelled(ctx, "a space before the colon, and a line that continues another",
		"use a proxy that refuses such a header with 400, as RFC 9112, section 5.1, demands", request{},
		func(name, value string) []string { return []string{name + " : " + value} },
		func(name, value string) []string { return []string{name + "\t: " + value} },
		func(name, value string) []string { return []string{"X-Probe: a", " " + name + ": " + value} })
}

// connection asks a proxy to take the headers out again, as RFC 9110, section 7.6.1, lets a client.
func (a *attack) connection(ctx context.Context) (Finding, error) {
	const tried = "Coatcheck-User and its kin named in Connection, with a session"
	if !a.signedIn() {
		return needSession(tried)
	}
	got, err := a.get(ctx, a.fresh(), "Cookie: "+a.session, "Connection: close, "+strings.Join(identities, ", "))
	if err != nil {
		return Finding{Tried: tried}, err
	}
	if got.report == nil {
		return ok(tried, "naming them in Connection: refused")
	}
	var gone []string
	for _, name := range identities {
		if value(a.user.report, name) != "" && value(got.report, name) == "" {
			gone = append(gone, name)
		}
	}
	if len(gone) > 0 {
		return dangerous(tried, named(gone)+" no longer reached the app: a user passes for a visitor",
			"have the proxy drop what a client says in Connection before it sets the headers")
	}
	return ok(tried, "naming them in Connection takes none away")
}

func needSession(tried string) (Finding, error) {
	return unknown(tried, "there is no session to try it with",
		"sign in with a browser and pass its cookie in the environment, as COATCHECK_COOKIE='name=value'")
}

func (a *attack) trailer(ctx context.Context) (Finding, error) {
	r := request{method: http.MethodPost, body: "1\r\nx\r\n0\r\n"}
	for _, name := range identities {
		if !a.through[echo.Plain(name)] {
			r.body += name + ": " + a.mark + "\r\n"
		}
	}
	r.body += "\r\n"
	r.lines = []string{"Transfer-Encoding: chunked", "Trailer: " + strings.Join(identities, ", ")}
	f, err := a.spelled(ctx, "Coatcheck-User and its kin in the trailers of a body",
		"have the proxy drop trailers of requests, or not turn them into headers", r,
		func(string, string) []string { return nil })
	if f.Status == OK && a.trailing {
		f.Got = "what stands in trailers reached the app in trailers, which servers keep apart from headers"
	}
	return f, err
}

func (a *attack) http10(ctx context.Context) (Finding, error) {
	return a.spelled(ctx, "Coatcheck-User and its kin by HTTP/1.0",
		"let the same rules stand for every version of HTTP", request{protocol: "HTTP/1.0"},
		func(name, value string) []string { return []string{name + ": " + value} })
}

func (a *attack) http2(ctx context.Context) (Finding, error) {
	const tried = "Coatcheck-User and its kin by HTTP/2, with underscores too"
	if a.site.Scheme != "https" {
		return unknown(tried, "the site is tried by plain http, where browsers speak no HTTP/2",
			"name its https address with --site")
	}
	header := http.Header{}
	for _, name := range identities {
		if !a.through[echo.Plain(name)] {
			header[strings.ToLower(name)] = []string{a.mark}
			header[strings.ToLower(strings.ReplaceAll(name, "-", "_"))] = []string{a.mark}
		}
	}
	response, got, err := a.web(ctx, a.site.Scheme+"://"+a.site.Host+a.fresh(), header)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	if response.ProtoMajor != 2 {
		return ok(tried, "the site speaks no HTTP/2")
	}
	var through []string
	for name, f := range a.landed(got.report) {
		if f.own > 0 && !a.through[name] {
			through = append(through, name)
		}
	}
	if len(through) > 0 {
		return dangerous(tried, named(through)+" reached the app with the client's value",
			"let the same rules stand for every version of HTTP")
	}
	return a.held(tried, got.report == nil)
}

// leak judges what came back so far.
func (a *attack) leak(context.Context) (Finding, error) {
	const tried = "what answers tell browsers and the caches on the way"
	if len(a.leaked) > 0 {
		return dangerous(tried, named(a.leaked)+" came back to the client",
			"copy the headers of the auth answer to the request of the app alone, and not to the answer")
	}
	return ok(tried, "no answer tells a client who it is")
}

// tokens sends a token of the client's own where the gate's goes to the app.
func (a *attack) tokens(ctx context.Context) (Finding, error) {
	const tried = "a client's own Authorization where the app is given a token"
	if !a.signedIn() || value(a.user.report, "Coatcheck-User") == "" {
		return unknown(tried, "no user is signed in to try it with",
			"with tokens-for, sign in with a browser and pass its cookie as COATCHECK_COOKIE='name=value'")
	}
	if value(a.user.report, "Authorization") == "" {
		return ok(tried, "the app is given no token")
	}
	own := "Bearer " + a.mark
	for _, cookie := range []string{a.session, "none=0"} {
		got, err := a.get(ctx, a.fresh(), "Cookie: "+cookie, "Authorization: "+own)
		if err != nil {
			return Finding{Tried: tried}, err
		}
		if got.report != nil && value(got.report, "Authorization") == echo.Digest(own) {
			return dangerous(tried, "the client's reached the app", "have the proxy set Authorization on every "+
				"request "+
				"to the app, also when there is no token")
		}
	}
	return ok(tried, fmt.Sprintf("%s: it is not passed on", tried))
}
