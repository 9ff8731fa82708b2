package format

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// HAR is the HTTP archive, version 1.2. It is read response by response. Set-Cookie headers are taken as a jar by the
// standard would take them, at their time and in their context ([ReadArchive]); refused lines are reported. A response
// without such headers has the cookies of its list; one without a domain belongs to the request's host.
//
// It is written as an archive of one response with all cookies. Priority, the times of creation and last access, and
// partitioned cookies are lost.
var HAR = Format{
	name: "har", about: "an HTTP archive", files: []string{"*.har"},
	read: readHAR, write: writeHAR,
}

type harFile struct {
	Log *struct {
		Entries []harEntry `json:"entries"`
	} `json:"log"`
}

type harEntry struct {
	Started string `json:"startedDateTime"`
	Request struct {
		Method  string      `json:"method"`
		URL     string      `json:"url"`
		Headers []harHeader `json:"headers"`
	} `json:"request"`
	Response     harResponse `json:"response"`
	Page         string      `json:"pageref"`
	ResourceType string      `json:"_resourceType"` // Chromium's
}

type harResponse struct {
	Status      float64     `json:"status"` // some programs write 200.0
	Cookies     []harCookie `json:"cookies"`
	Headers     []harHeader `json:"headers"`
	RedirectURL string      `json:"redirectURL"`
}

type harHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"` // ISO 8601
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
	SameSite string `json:"sameSite,omitempty"`
}

// harArchive is an archive of one response. It goes on with the list of cookies and harEnd.
const (
	harArchive = `{"log": {"creator": {"name": "coatcheck", "version": "1"}, "entries": [{
		"startedDateTime": "1970-01-01T00:00:00Z", "time": 0,
		"request": {"method": "GET", "url": "about:blank", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
			"queryString": [], "headersSize": -1, "bodySize": -1},
		"response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": `
	harEnd = `, "headers": [], "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1,
			"bodySize": -1},
		"cache": {}, "timings": {"send": 0, "wait": 0, "receive": 0}}], "version": "1.2"}}`
)

func writeHAR(w io.Writer, cookies []jar.Cookie) ([]Loss, error) {
	list, losses := convertAll(cookies, toHAR)
	text := bytes.NewBufferString(harArchive)
	err := encodeJSON(text, list)
	if err == nil {
		text.WriteString(harEnd)
		err = encodeJSON(w, json.RawMessage(text.Bytes()))
	}
	return losses, err
}

func toHAR(c *jar.Cookie, lose func(what string)) (harCookie, bool) {
	h := harCookie{
		Name: c.Name, Value: c.Value, Path: c.Path, Domain: writeDomain(c),
		HTTPOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite.String(),
	}
	if c.Partition != (jar.Partition{}) {
		lose("the cookie: it is partitioned")
		return h, false
	}
	if !fitsJSON(c, lose) {
		return h, false
	}
	if c.Priority != cookie.PriorityUnset {
		lose("Priority=" + c.Priority.String())
	}
	if !c.Session() {
		h.Expires = c.Expires.UTC().Format(time.RFC3339Nano)
	}
	return h, true
}

func readHAR(data []byte, now time.Time) (cookies []jar.Cookie, losses []Loss, err error) {
	err = eachEntry(data, func(e *harEntry, x *Exchange) error {
		for _, line := range x.SetCookie {
			p := cookie.Parse(line)
			c, why := jar.Spec.Decide(&p, &x.Request, cmp.Or(x.At, now))
			if why.Excluded() {
				losses = append(losses, lossOf(&c, "the cookie: a browser refuses it: "+why.Exclusions().String()))
				continue
			}
			cookies = append(cookies, c)
		}
		if len(x.SetCookie) > 0 {
			return nil
		}
		for k, h := range e.Response.Cookies {
			c, err := h.cookie(x.Request.URL)
			if err != nil {
				return fmt.Errorf("listed cookie %d: %w", k+1, err)
			}
			cookies = append(cookies, c)
		}
		return nil
	})
	return cookies, losses, err
}

func (h *harCookie) cookie(u *url.URL) (c jar.Cookie, err error) {
	// A bare line gets its host and path from the URL.
	c, _ = jar.Spec.Decide(&cookie.Parsed{Name: h.Name, Value: h.Value}, &jar.Request{URL: u}, time.Time{})
	c.Path, c.Secure, c.HttpOnly = cmp.Or(h.Path, c.Path), h.Secure, h.HTTPOnly
	c.Created, c.LastAccess = time.Time{}, time.Time{}
	if h.Domain != "" {
		readDomain(&c, h.Domain)
	}
	if h.Expires != "" {
		if c.Expires, err = time.Parse(time.RFC3339, h.Expires); err != nil {
			return c, fmt.Errorf("expires: %w", err)
		}
	}
	c.SameSite, err = readSameSite(h.SameSite)
	return c, err
}
