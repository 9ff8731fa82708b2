package jar

import (
	"net/http"
	"net/url"
	"strings"

	"coatcheck.dev/cookie"
)

var _ http.CookieJar = (*Jar)(nil)

// SetCookies implements [http.CookieJar].
//
// The interface hides the reasons, the context of the request, and the cookies that net/http cannot parse;
// [Transport] does not. A cookie that net/http has read from a response is taken from its raw line, unless name or
// value were changed since. Any other is taken by its fields.
func (j *Jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	r := Request{URL: u}
	a := j.profile.access(&r, true, j.now())
	for _, c := range cookies {
		p := cookie.Parse(c.Raw)
		if c.Raw == "" || p.Name != c.Name || p.Value != c.Value && strings.Trim(p.Value, `"`) != c.Value {
			p = cookie.Parse(line(c))
		}
		j.set(&a, &r, &p)
	}
}

// line writes a cookie of net/http without the repairs of its String method.
func line(c *http.Cookie) string {
	bare := http.Cookie{
		Name: "x", Path: c.Path, Domain: c.Domain, Expires: c.Expires, MaxAge: c.MaxAge,
		Secure: c.Secure, HttpOnly: c.HttpOnly, SameSite: c.SameSite, Partitioned: c.Partitioned,
	}
	value := c.Value
	if c.Quoted {
		value = `"` + value + `"`
	}
	return c.Name + "=" + value + strings.TrimPrefix(bare.String(), "x=")
}

// Cookies implements [http.CookieJar]: it returns names and values for a request of the user. A cookie without a name
// has the empty name, and net/http does not send it; [Transport] does.
//
// The cookies are shared between calls, because that makes a call several times cheaper. Copy a cookie before you
// change it.
func (j *Jar) Cookies(u *url.URL) []*http.Cookie {
	var room [16]*entry
	r := Request{URL: u}
	a := j.profile.access(&r, false, j.now())
	j.mu.RLock()
	defer j.mu.RUnlock()
	found := j.match(&a, &r, room[:0])
	if len(found) == 0 {
		return nil
	}
	list := make([]*http.Cookie, len(found))
	for i, e := range found {
		list[i] = e.std()
	}
	return list
}

// std returns the entry's cookie of net/http. One that a caller has changed nevertheless is not handed out again.
func (e *entry) std() *http.Cookie {
	c := e.shared.Load()
	if c == nil || c.Name != e.Name || c.Value != e.Value || c.Path != "" || c.Domain != "" || c.MaxAge != 0 ||
		!c.Expires.IsZero() || c.Raw != "" {
		c = &http.Cookie{Name: e.Name, Value: e.Value}
		e.shared.Store(c)
	}
	return c
}
