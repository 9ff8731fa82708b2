package check

import (
	"io"
	"net/url"
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

// links are the URLs of the same site that a page links to, in order.
func links(page *url.URL, body io.Reader) (found []*url.URL) {
	base := page
	for tokens := html.NewTokenizer(io.LimitReader(body, maxBody)); len(found) < maxLinks; {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break // the end, or what stands for it
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := tokens.Token()
		href, ok := attribute(&token, "href")
		if !ok {
			continue
		}
		u, err := weburl.Resolve(base, strings.TrimSpace(href))
		switch {
		case err != nil:
		case token.DataAtom == atom.Base:
			base = u
		case token.DataAtom != atom.A && token.DataAtom != atom.Area:
		case u.Scheme != "http" && u.Scheme != "https" || !jar.SameSite(u, page) || endsSession(u):
		default:
			u.Fragment, u.RawFragment = "", ""
			found = append(found, u)
		}
	}
	return found
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
