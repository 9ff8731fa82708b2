package probe

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

const requiredFix = "have the proxy ask for every request to the app, and tell the auth endpoint method, host and " +
	"path " +
	"as they came to the proxy itself, whatever the client says in headers"

// open reports whether an answer came from behind the door.
func open(got *response) bool {
	return got.report != nil || got.status >= 200 && got.status < 300 || got.status == http.StatusSwitchingProtocols
}

func (a *attack) required(ctx context.Context) (Finding, error) {
	tried := a.Required + " without a session"
	if a.Required == "" {
		return unknown("a path that only users may open, without a session", "none is named",
			"name one with --required")
	}
	got, err := a.get(ctx, a.Required)
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case open(got):
		a.Required = "" // the ways around a door that is open tell nothing
		return dangerous(tried, fmt.Sprintf("it is answered %d", got.status), "give its path a route with access: "+
			"required, and have the proxy ask the auth endpoint there")
	}
	return ok(tried, fmt.Sprintf("%s: %d", tried, got.status))
}

// around tries ways to a closed path.
func (a *attack) around(ctx context.Context, tried string, ways []request) (Finding, error) {
	if a.Required == "" {
		return unknown(tried, "there is no path that is closed", "name one with --required")
	}
	for _, r := range ways {
		got, err := a.send(ctx, r)
		if err != nil {
			return Finding{Tried: tried}, err
		}
		if got.conn != nil {
			got.conn.Close() // a WebSocket
		}
		if open(got) {
			what := r.method + " " + r.target
			if len(r.lines) > 0 {
				what += " with " + r.lines[0]
			}
			return dangerous(tried, fmt.Sprintf("%s is answered %d", strings.TrimSpace(what), got.status), requiredFix)
		}
	}
	return ok(tried, tried+": closed")
}

func (a *attack) requiredHeaders(ctx context.Context) (Finding, error) {
	var ways []request
	for _, public := range []string{"/", a.Probe} {
		for _, name := range []string{"X-Forwarded-Uri", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL",
			"X_Forwarded_Uri", "X-Envoy-Original-Path"} {
			ways = append(ways, request{target: a.Required, lines: []string{name + ": " + public}})
		}
	}
	ways = append(ways,
		request{target: a.Required, lines: []string{"X-Forwarded-Host: " + a.mark + ".example"}},
		request{target: a.Required, lines: []string{"X-Forwarded-Method: OPTIONS"}},
		request{target: a.Required, lines: []string{"X-Original-Method: OPTIONS"}},
		request{target: a.Required, lines: []string{"Connection: close, Cookie, X-Forwarded-Uri, X-Original-URI"}},
		request{target: a.Required, lines: []string{"Upgrade: websocket", "Connection: Upgrade",
			"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}})
	for _, checker := range []string{"kube-probe/1.34", "GoogleHC/1.0", "ELB-HealthChecker/2.0"} {
		ways = append(ways, request{target: a.Required, lines: []string{"User-Agent: " + checker}})
	}
	return a.around(ctx, "the closed path, with headers that say it is another request", ways)
}

func (a *attack) requiredSpelling(ctx context.Context) (Finding, error) {
	path := strings.TrimPrefix(a.Required, "/")
	var ways []request
	for _, target := range []string{
		"//" + path, "/./" + path, "/x/../" + path, "/x/..%2f" + path, "/%2e/" + path, escapeFirst(path),
		"/" + path + "?x=" + a.Probe, "/" + path + "#" + a.mark, "/" + path + ";" + a.mark + ".css",
		a.Probe + "/../" + path,
		a.site.Scheme + "://" + a.site.Host + "/" + path,
	} {
		ways = append(ways, request{target: target})
	}
	// The echo stands for every app, so it answers each spelling that gets there, also one that a real app would not
	// take
	// for the closed path.
	return a.around(ctx, "the closed path in other spellings", ways)
}

// escapeFirst writes the first letter of a path as %XX.
func escapeFirst(path string) string {
	if path == "" {
		return "/"
	}
	return fmt.Sprintf("/%%%02x%s", path[0], path[1:])
}

func (a *attack) requiredMethod(ctx context.Context) (Finding, error) {
	var ways []request
	for _, method := range []string{
		http.MethodHead, http.MethodPost, http.MethodPut, http.MethodOptions, http.MethodPatch, "PROPFIND",
	} {
		r := request{method: method, target: a.Required}
		if method != http.MethodHead && method != http.MethodOptions {
			r.lines = []string{"Content-Length: 0"}
		}
		ways = append(ways, r)
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		ways = append(ways, request{method: http.MethodPost, target: a.Required,
			lines: []string{name + ": OPTIONS", "Content-Length: 0"}})
	}
	return a.around(ctx, "the closed path with other methods", ways)
}

// authEndpoint asks what only the proxy may ask.
func (a *attack) authEndpoint(ctx context.Context) (Finding, error) {
	tried := a.Auth + " from outside"
	for _, lines := range [][]string{nil, {"X-Forwarded-Uri: " + a.Probe, "X-Forwarded-Method: GET"}} {
		got, err := a.get(ctx, a.Auth, lines...)
		if err != nil {
			return Finding{Tried: tried}, err
		}
		if got.report == nil && answersWho(got) {
			return dangerous(tried, fmt.Sprintf("it is answered %d", got.status),
				"let only the proxy ask there (nginx: "+
					"internal; others: answer 404 for paths from outside)")
		}
	}
	return ok(tried, tried+": it does not answer who somebody is")
}

// answersWho reports whether an answer is one of an auth endpoint: it lets through, or says who is asking.
func answersWho(got *response) bool {
	for name := range got.header {
		if strings.HasPrefix(strings.ToLower(name), "coatcheck") {
			return true
		}
	}
	return got.status >= 200 && got.status < 300 && len(got.body) == 0
}
