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
// The interface loses what net/http does not parse, the request's context, and the reasons; [Transport] loses nothing. A cookie
// that net/http has read from a response is taken from its raw line, unless name or value have been changed since. One that
// was made by hand is taken by its fields.
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

// line writes a cookie of net/http without the changes that its own String makes to bytes it does not like.
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

// Cookies implements [http.CookieJar]: what a request that the user makes carries, names and values only. Cookies without a
// name have the empty name there, which net/http does not send; [Transport] does.
//
// The cookies are shared between calls, which makes a call several times cheaper: copy one before you change it.
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

// std returns the entry's cookie of net/http. One that somebody has changed in spite of the rule is not handed out again.
func (e *entry) std() *http.Cookie {
	c := e.shared.Load()
	if c == nil || c.Name != e.Name || c.Value != e.Value || c.Path != "" || c.Domain != "" || c.MaxAge != 0 || !c.Expires.IsZero() || c.Raw != "" {
		c = &http.Cookie{Name: e.Name, Value: e.Value}
		e.shared.Store(c)
	}
	return c
}
