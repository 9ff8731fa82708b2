package format

import (
	"cmp"
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

type harCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type harEntry struct {
	Started  string      `json:"startedDateTime"`
	Time     float64     `json:"time"`
	Request  harRequest  `json:"request"`
	Response harResponse `json:"response"`
	Cache    struct{}    `json:"cache"`
	Timings  harTimings  `json:"timings"`

	Page         string `json:"pageref,omitempty"`
	ResourceType string `json:"_resourceType,omitempty"` // Chromium's
}

type harRequest struct {
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harHeader `json:"headers"`
	QueryString []struct{}  `json:"queryString"`
	HeadersSize float64     `json:"headersSize"`
	BodySize    float64     `json:"bodySize"`
}

type harResponse struct {
	Status      float64     `json:"status"`
	StatusText  string      `json:"statusText"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harHeader `json:"headers"`
	Content     harContent  `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize float64     `json:"headersSize"`
	BodySize    float64     `json:"bodySize"`
}

type harHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Sizes are numbers, and some programs write them as 12.0.
type harContent struct {
	Size     float64 `json:"size"`
	MIMEType string  `json:"mimeType"`
}

type harTimings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
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

func writeHAR(w io.Writer, cookies []jar.Cookie) ([]Loss, error) {
	var losses []Loss
	list := make([]harCookie, 0, len(cookies))
	for _, c := range cookies {
		what := notUTF8(&c)
		if c.Partition != (jar.Partition{}) {
			what = "the cookie: it is partitioned"
		}
		if what != "" {
			losses = append(losses, lossOf(&c, what))
			continue
		}
		if c.Priority != cookie.PriorityUnset {
			losses = append(losses, lossOf(&c, "Priority="+c.Priority.String()))
		}
		h := harCookie{
			Name: c.Name, Value: c.Value, Path: c.Path, Domain: writeDomain(&c),
			HTTPOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite.String(),
		}
		if !c.Session() {
			h.Expires = c.Expires.UTC().Format(time.RFC3339Nano)
		}
		list = append(list, h)
	}
	entry := harEntry{
		Started: time.Unix(0, 0).UTC().Format(time.RFC3339),
		Request: harRequest{Method: "GET", URL: "about:blank", HTTPVersion: "HTTP/1.1", Cookies: []harCookie{},
			Headers: []harHeader{}, QueryString: []struct{}{}, HeadersSize: -1, BodySize: -1},
		Response: harResponse{Status: 200, StatusText: "OK", HTTPVersion: "HTTP/1.1", Cookies: list,
			Headers: []harHeader{}, HeadersSize: -1, BodySize: -1},
	}
	return losses, encodeJSON(w, map[string]any{"log": map[string]any{
		"version": "1.2", "creator": harCreator{"coatcheck", "1"}, "entries": []harEntry{entry},
	}})
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
	// A line without attributes has the host and the path that the URL gives to it.
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
