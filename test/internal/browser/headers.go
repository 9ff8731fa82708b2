package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Send adds headers to every request from now on, until Restart: what a setting would send that Chromium has not.
func (b *Browser) Send(headers map[string]any) {
	b.t.Helper()
	do(b, "send headers", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers(headers)})
		return chromedp.Void{}, err
	})
}
