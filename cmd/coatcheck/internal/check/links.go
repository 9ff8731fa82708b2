package check

import (
	"io"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
)

const (
	maxBody  = 2 << 20 // bytes of a page that are searched for links
	maxLinks = 10_000  // of one page
)

// A pageHTML is what of a page leads to others.
type pageHTML struct {
	links   []*url.URL // of the same site, in order
	refresh *url.URL   // where it sends its visitor by itself; nil for nowhere
}

// readHTML reads a page. All its links are relative to its first base, wherever that stands.
func readHTML(page *url.URL, body io.Reader) (d pageHTML) {
	var hrefs []string
	base, refresh := page, ""
	for tokens := html.NewTokenizer(io.LimitReader(body, maxBody)); len(hrefs) < maxLinks; {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break // the end, or what stands for it
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := tokens.Token()
		href, ok := attribute(&token, "href")
		switch token.DataAtom {
		case atom.Meta:
			if name, _ := attribute(&token, "http-equiv"); refresh == "" && strings.EqualFold(name, "refresh") {
				refresh, _ = attribute(&token, "content")
			}
		case atom.Base:
			if u, err := weburl.Resolve(page, href); ok && err == nil && base == page {
				base = u
			}
		case atom.A, atom.Area:
			if ok {
				hrefs = append(hrefs, href)
			}
		}
	}
	for _, href := range hrefs {
		u, err := weburl.Resolve(base, href)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !jar.SameSite(u, page) || endsSession(u) {
			continue
		}
		u.Fragment, u.RawFragment = "", ""
		d.links = append(d.links, u)
	}
	d.refresh = refreshed(base, refresh)
	return d
}

// maxRefresh is how many seconds a page may wait before it sends its visitor on, to count as one that does.
const maxRefresh = 30

// refreshed is the target of a refresh such as "0; url=/home", nil if there is none (HTML section 4.2.5.3).
func refreshed(base *url.URL, text string) *url.URL {
	text = strings.TrimSpace(text)
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	seconds, err := strconv.Atoi(text[:digits])
	if err != nil || seconds > maxRefresh {
		return nil
	}
	target := strings.TrimLeft(text[digits:], ".0123456789")
	target = strings.TrimLeft(target, "; ,\t\r\n")
	if len(target) > 3 && strings.EqualFold(target[:3], "url") {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(target[3:], " \t"), "="); ok {
			target = strings.TrimSpace(rest)
		}
	}
	if target != "" && (target[0] == '"' || target[0] == '\'') {
		target, _, _ = strings.Cut(target[1:], target[:1])
	}
	u, err := weburl.Resolve(base, target)
	if target == "" || err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil // to itself, or to no page
	}
	return u
}

func attribute(token *html.Token, name string) (string, bool) {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// endsSession reports whether a link looks as if it signed out: no page behind it would be seen as a user.
func endsSession(u *url.URL) bool {
	text := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(u.Path + "?" + u.RawQuery))
	return strings.Contains(text, "logout") || strings.Contains(text, "signout") || strings.Contains(text, "logoff")
}
