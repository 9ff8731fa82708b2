package probe

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// cookie judges the lines that set a session's cookie.
func (a *attack) cookie(context.Context) (Finding, error) {
	const tried = "the flags of the session's cookie"
	i := slices.IndexFunc(a.set, ticket.MatchString)
	if i < 0 {
		return unknown(tried, "no answer has set one", "behind a gate, let the probe's path /session reach it; "+
			"beside a "+
			"proxy, look at the answer of your sign-in with coatcheck check")
	}
	name, _, _ := strings.Cut(a.set[i], "=")
	attributes := map[string]string{}
	for _, part := range strings.Split(a.set[i], ";")[1:] {
		key, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		attributes[strings.ToLower(key)] = strings.ToLower(v)
	}
	var lacks []string
	for _, flag := range []string{"secure", "httponly", "samesite"} {
		if _, has := attributes[flag]; !has {
			lacks = append(lacks, map[string]string{"secure": "Secure", "httponly": "HttpOnly",
				"samesite": "SameSite"}[flag])
		}
	}
	if attributes["samesite"] == "none" {
		if _, has := attributes["partitioned"]; !has {
			lacks = append(lacks, "a SameSite other than None")
		}
	}
	if !strings.HasPrefix(name, "__Host-") && !strings.HasPrefix(name, "__Secure-") {
		lacks = append(lacks, "the prefix __Host- in its name")
	}
	if len(lacks) > 0 {
		return dangerous(tried, name+" lacks "+strings.Join(lacks, ", "),
			"pass Set-Cookie on as it is (no proxy_cookie_flags, no rewriting), and leave out --dev and cookie "+
				"options "+
				"that weaken it")
	}
	return ok(tried, name+" is Secure, HttpOnly and SameSite")
}

func (a *attack) twoCookies(ctx context.Context) (Finding, error) {
	const tried = "an answer with two lines of Set-Cookie"
	got, err := a.get(ctx, a.Probe+"/two-cookies")
	if err != nil {
		return Finding{Tried: tried}, err
	}
	count := 0
	for _, line := range got.header["Set-Cookie"] {
		if one, two := strings.Contains(line, "echo-one="), strings.Contains(line, "echo-two="); one != two {
			count++
		}
	}
	if count != 2 {
		return dangerous(tried, fmt.Sprintf("%d of 2 came back whole: browsers lose the rest", count),
			"pass each line on by itself; never join, rewrite or drop them")
	}
	return ok(tried, "two lines of Set-Cookie arrive as two")
}

// cookieBytes is what browsers may send to one site and servers have to take: some frameworks alone come close.
const cookieBytes = 7000

func (a *attack) largeCookies(ctx context.Context) (Finding, error) {
	const tried = "7 KB of cookies, as sites with much on them have"
	var b strings.Builder
	for n := 0; b.Len() < cookieBytes; n++ {
		b.WriteString("c" + strconv.Itoa(n) + "=" + strings.Repeat("x", 90) + "; ")
	}
	cookies := strings.TrimSuffix(b.String(), "; ")
	got, err := a.get(ctx, a.fresh(), "Cookie: "+cookies)
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case got.report == nil:
		return dangerous(tried, fmt.Sprintf("they are answered %d, at every page, until the user deletes them",
			got.status),
			"let the proxy take headers of 16 KB and more, in one line too (nginx: large_client_header_buffers 4 16k; "+
				"HAProxy: tune.bufsize 32768)")
	case value(got.report, "Cookie") != echo.Digest(cookies):
		return dangerous(tried, "they reached the app changed", "pass Cookie on as it is")
	}
	return ok(tried, "7 KB of cookies reach the app")
}

// caching asks twice for what nobody may keep.
func (a *attack) caching(ctx context.Context) (Finding, error) {
	const tried = "a page twice that is Cache-Control: no-store"
	target := a.Probe + "?page=" + a.mark
	once, err := a.get(ctx, target)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	twice, err := a.get(ctx, target)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	if once.report != nil && twice.report != nil && once.report.ID == twice.report.ID {
		a.cached = true
		return dangerous(tried, "the second answer is the first one again, from a cache",
			"let the cache obey Cache-Control and Set-Cookie (nginx: no proxy_ignore_headers), or keep it away "+
				"from pages")
	}
	if once.report != nil && !strings.Contains(strings.ToLower(once.header.Get("Cache-Control")), "no-store") {
		return dangerous(tried, fmt.Sprintf("it came back with Cache-Control %.60q, so browsers and other caches on "+
			"the way may keep it", once.header.Get("Cache-Control")),
			"pass Cache-Control on as it is (nginx: no proxy_hide_header, expires or add_header for it)")
	}
	return ok(tried, "no cache keeps what says no-store")
}

// cachingSession asks with a session for what the app lets everybody keep, and then without.
func (a *attack) cachingSession(ctx context.Context) (Finding, error) {
	const tried = "whether a visitor is given the page of somebody else"
	if !a.signedIn() {
		return needSession(tried)
	}
	target := a.Probe + "/shared?page=" + a.mark
	own, err := a.get(ctx, target, "Cookie: "+a.session)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	other, err := a.get(ctx, target)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	if who := value(own.report, "Coatcheck-Session"); who != "" && who == value(other.report, "Coatcheck-Session") &&
		own.report.ID != other.report.ID && value(a.visitor.report, "Coatcheck-Session") == "" {
		return dangerous(tried, "a visitor was taken for the user who had just asked for the same page",
			"keep no answers of the auth endpoint (nginx: no proxy_cache for it): nobody tells the cache who has "+
				"signed out, either")
	}
	if a.cached || own.report == nil || other.report == nil || own.report.ID != other.report.ID {
		return ok(tried, "a visitor is not given the page of somebody else")
	}
	return dangerous(tried, "a visitor got the page that was made for a session, from a cache",
		"keep no answer to a request with a session's cookie (nginx: proxy_cache_bypass and proxy_no_cache with the "+
			"cookie), or put the cache behind Coatcheck")
}

// crossSite sends a form with a session, as the page of another site has a browser do.
func (a *attack) crossSite(ctx context.Context) (Finding, error) {
	const tried = "a form that another site has a browser send, with a session"
	if !a.signedIn() {
		return needSession(tried)
	}
	other := "https://" + a.mark + ".example"
	got, err := a.send(ctx, request{method: http.MethodPost, target: a.fresh(), lines: []string{
		"Cookie: " + a.session, "Origin: " + other, "Referer: " + other + "/", "Sec-Fetch-Site: cross-site",
		"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Content-Type: application/x-www-form-urlencoded",
		"Content-Length: 0",
	}})
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case value(got.report, "Coatcheck-Session") != "":
		return dangerous(tried, "it reached the app with the user's session", "have the proxy tell the auth endpoint "+
			"the method of each request, and the headers Origin and Sec-Fetch-Site")
	}
	return ok(tried, fmt.Sprintf("it is answered %d, and the app does not get it with the session", got.status))
}

// statuses asks the app for answers of its own.
func (a *attack) statuses(ctx context.Context) (Finding, error) {
	const tried = "the app's own 401, 403, 404 and 503"
	for _, status := range []int{401, 403, 404, 503} {
		text := strconv.Itoa(status)
		got, err := a.get(ctx, a.Probe+"/status/"+text)
		if err != nil {
			return Finding{Tried: tried}, err
		}
		if got.status != status || got.header.Get("Echo-Status") != text {
			return dangerous(tried, fmt.Sprintf("%d came back as another answer, of status %d", status, got.status),
				"leave answers of the app alone (nginx: no proxy_intercept_errors; error_page for the auth request "+
					"only)")
		}
	}
	return ok(tried, tried+" come back as they are")
}

// down looks at what an outage does to somebody who is signed in.
func (a *attack) down(ctx context.Context) (Finding, error) {
	const tried = "a page for somebody who is signed in, while the store is stopped"
	got, err := a.get(ctx, a.fresh(), "Cookie: "+a.Cookie)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	return a.judgeOutage(tried, got)
}

// judgeOutage judges an answer while nobody can know who asks.
func (a *attack) judgeOutage(tried string, got *response) (Finding, error) {
	const fix = "pass a 503 of the auth endpoint on as it is, with Retry-After: coatcheck snippet shows how for " +
		"each proxy"
	for _, line := range got.header["Set-Cookie"] {
		if name, v, _ := strings.Cut(line, "="); strings.Contains(a.Cookie,
			name+"=") && !ticket.MatchString(name+"="+v) {
			return dangerous(tried, "the answer deletes the cookie "+name+": the outage signs users out",
				"never delete a cookie because of a status other than 401")
		}
	}
	switch {
	case got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "":
		return ok(tried, "while nobody can know, the answer is 503 with Retry-After, and the cookie is kept")
	case got.status == http.StatusServiceUnavailable:
		return dangerous(tried, "503 came back without Retry-After", fix)
	case got.report != nil && value(got.report, "Coatcheck-Session") != "":
		return unknown(tried, "the user is still known", "stop the store first, and wait for --lease if it is cached")
	case got.report != nil:
		return dangerous(tried, "the request reached the app as that of a visitor",
			"have the proxy let nobody through "+
				"while nobody can know; or say access: optional for this path, if that is meant")
	}
	return dangerous(tried, fmt.Sprintf("it is answered %d: users are told that they are signed out, or that the "+
		"site is "+
		"broken", got.status), fix)
}
