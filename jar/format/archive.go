package format

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
)

// An Exchange is a recorded request with the Set-Cookie headers of its response.
type Exchange struct {
	Request jar.Request
	// SetCookie are the values of the headers, in order.
	SetCookie []string
	// ClearSiteData are those of the Clear-Site-Data headers.
	ClearSiteData []string
	// At is the start of the request; the zero time means unknown.
	At time.Time
}

// ReadArchive reads the exchanges of an HTTP archive (HAR 1.2) over http and https, in order, and calls take with each.
// It reads the archive as a stream. An entry that cannot be read is left out, and lose is called with it.
//
// It also works out their context. A redirect is followed by its target. The page of an entry and the headers
// Sec-Fetch-Dest, Sec-Fetch-Site, Referer and Origin tell the initiator, as do Chromium's notes beside the standard.
// A request without any of them counts as one by the user. The error is that of the reader, or that the file is no
// archive.
func ReadArchive(r io.Reader, take func(Exchange), lose func(Loss)) error {
	s := &sink{lose: lose}
	read := 0
	err := eachEntry(newInput(r), s, archiveUnread, func(_ place, _ *harEntry, x *Exchange) {
		read++
		if u := x.Request.URL; u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
			take(*x)
		}
	})
	if err == nil && read == 0 {
		err = s.nothing()
	}
	if err != nil {
		return fmt.Errorf("read HTTP archive: %w", err)
	}
	return nil
}

// harUnread are the parts of an entry that tell nothing of cookies. Bodies are among them.
var harUnread = map[string]bool{
	"content": true, "postData": true, "timings": true, "cache": true, "queryString": true, "_initiator": true,
	"_webSocketMessages": true, "_eventSourceMessages": true, "_securityDetails": true,
}

// archiveUnread are those that tell nothing of exchanges.
var archiveUnread = func() map[string]bool {
	unread := maps.Clone(harUnread)
	unread["cookies"] = true
	return unread
}()

// eachEntry calls f with each entry of an archive and its exchange. Entries that cannot be read are left out.
func eachEntry(in *bufio.Reader, s *sink, unread map[string]bool, f func(place, *harEntry, *Exchange)) error {
	stage := stage{pages: map[string]*url.URL{}, pending: map[string]*jar.Request{}}
	read, log := 0, false
	shape := jsonShape{
		list: "entries", inner: map[string]bool{"log": true}, drop: unread,
		sieve: "headers", want: perhapsWanted,
		seen: func(key string) { log = log || key == "log" },
		entry: func(at place, raw []byte) {
			var e harEntry
			if err := parseEntry(raw, &e); err != nil {
				s.leaveOut(at, nil, err.Error())
				return
			}
			x, err := stage.exchange(&e)
			if err != nil {
				s.leaveOut(at, nil, err.Error())
				return
			}
			read++
			f(at, &e, x)
		},
	}
	shape.come = func() bool { return read > 0 }
	err := shape.walk(in, s)
	if err == errNoList && log {
		return nil
	}
	if err == errNoList {
		return errors.New("there is no log in it")
	}
	return err
}

// parseEntry reads an entry. Parts of another type than they should have count as absent.
func parseEntry(raw []byte, e *harEntry) error {
	if raw == nil {
		return errTooLarge
	}
	var kind *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, e); err != nil && !errors.As(err, &kind) {
		return errors.New(jsonError(err))
	}
	return nil
}

// A stage is the state of a browser while its archive is read.
type stage struct {
	pages   map[string]*url.URL     // the document in the address bar, by page
	pending map[string]*jar.Request // redirected requests, by their target
}

func (s *stage) exchange(e *harEntry) (*Exchange, error) {
	u, err := weburl.Parse(e.Request.URL)
	if err != nil {
		return nil, fmt.Errorf("its URL cannot be read: %w", err)
	}
	x := &Exchange{SetCookie: e.Response.setCookie()}
	if clear := header(e.Response.Headers, "Clear-Site-Data"); clear != "" {
		x.ClearSiteData = []string{clear}
	}
	if x.At, _ = readTime(e.Started); x.At.IsZero() {
		x.At, _ = cookie.ParseDate(e.Started)
	}
	u.Fragment, u.RawFragment = "", ""
	if before := s.pending[u.String()]; before != nil {
		delete(s.pending, u.String())
		x.Request = *before
		x.Request.Redirects = append(before.Redirects[:len(before.Redirects):len(before.Redirects)], before.URL)
	} else {
		x.Request = s.context(e, u)
	}
	x.Request.URL, x.Request.Method = u, e.Request.Method
	x.Request.Date, _ = http.ParseTime(header(e.Response.Headers, "Date"))
	if target := e.Response.target(u); target != nil {
		s.pending[target.String()] = &x.Request
	} else if x.Request.Kind == jar.Navigation {
		s.pages[e.Page] = u
	}
	return x, nil
}

// context works out the Kind, TopLevel, Ancestors and Initiator of a request.
func (s *stage) context(e *harEntry, u *url.URL) jar.Request {
	top := s.pages[e.Page]
	r := jar.Request{Kind: e.kind(top != nil)}
	from := parseAbsolute(header(e.Request.Headers, "Referer"))
	if from == nil {
		from = parseAbsolute(header(e.Request.Headers, "Origin"))
	}
	switch header(e.Request.Headers, "Sec-Fetch-Site") {
	case "none", "same-origin", "same-site":
		// This header is certain. A Referer may be that of a style sheet.
	case "cross-site":
		if r.Initiator = from; from == nil || jar.SameSite(from, u) {
			r.Initiator = &url.URL{Scheme: "about", Opaque: "blank"} // an initiator without a name
		}
	default:
		r.Initiator = from
	}
	if r.Kind == jar.Navigation {
		return r
	}
	if r.TopLevel = top; top != nil && from != nil && !jar.SameSite(from, top) {
		r.Ancestors = []*url.URL{from} // the document of a frame asks
	}
	return r
}

// kind works out the purpose of a request. If there is only Chromium's resource type, the first document of a page is
// the one in the address bar.
func (e *harEntry) kind(inPage bool) jar.Kind {
	switch header(e.Request.Headers, "Sec-Fetch-Dest") {
	case "document":
		return jar.Navigation
	case "iframe", "frame", "embed", "object", "fencedframe":
		return jar.FrameNavigation
	case "":
	default:
		return jar.Subresource
	}
	switch {
	case !inPage:
		return jar.Navigation
	case e.ResourceType == "document":
		return jar.FrameNavigation
	case e.ResourceType == "" && header(e.Request.Headers, "Referer") == "":
		return jar.Navigation // for lack of anything else
	}
	return jar.Subresource
}

func header(headers []harHeader, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// setCookie returns the lines of a response. Chromium and Firefox join them into one header.
func (r *harResponse) setCookie() (lines []string) {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, "Set-Cookie") {
			for line := range strings.SplitSeq(h.Value, "\n") {
				lines = append(lines, strings.TrimSuffix(line, "\r"))
			}
		}
	}
	return lines
}

// target returns the target of a redirect, nil if there is none.
func (r *harResponse) target(from *url.URL) *url.URL {
	location := r.RedirectURL
	for _, h := range r.Headers {
		if location == "" && 300 <= r.Status && r.Status <= 399 && strings.EqualFold(h.Name, "Location") {
			location = h.Value
		}
	}
	if location == "" {
		return nil
	}
	u, err := weburl.Resolve(from, location)
	if err != nil {
		return nil
	}
	u.Fragment, u.RawFragment = "", ""
	return u
}

// parseAbsolute returns nil for anything but a URL with a host.
func parseAbsolute(text string) *url.URL {
	if text == "" {
		return nil
	}
	u, err := weburl.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}
