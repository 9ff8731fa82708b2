package browser

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// Cookies are all that the browser keeps, of every site, with their attributes, HttpOnly ones included.
func (b *Browser) Cookies() []*network.Cookie {
	b.t.Helper()
	return do(b, "read cookies", func(ctx context.Context, t *chromedp.Target) ([]*network.Cookie, error) {
		kept, err := cdp.Call(ctx, t, storage.GetCookies, storage.GetCookiesParams{})
		return kept.Cookies, err
	})
}

// Cookie is the one of that name, or nil if there is none. The test fails if there are several: then it has to
// look for the right one in Cookies.
func (b *Browser) Cookie(name string) *network.Cookie {
	b.t.Helper()
	var found *network.Cookie
	for _, c := range b.Cookies() {
		if c.Name != name {
			continue
		}
		if found != nil {
			b.t.Fatalf("the browser keeps several cookies %s: of %s%s and %s%s",
				name, found.Domain, found.Path, c.Domain, c.Path)
		}
		found = c
	}
	return found
}

// AwaitNoCookie waits until the browser keeps no cookie of that name any more.
func (b *Browser) AwaitNoCookie(name string) {
	b.t.Helper()
	for deadline := time.Now().Add(b.options.Timeout); b.Cookie(name) != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("the browser still keeps %s", name)
		}
	}
}

// ClearCookies makes the browser forget all cookies of all sites.
func (b *Browser) ClearCookies() {
	b.t.Helper()
	do(b, "clear cookies", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, storage.ClearCookies, storage.ClearCookiesParams{})
		return chromedp.Void{}, err
	})
}
