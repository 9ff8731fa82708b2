// Package chromium starts a Chromium with an empty profile and talks to it over a pipe, in its DevTools protocol.
//
//	browser, err := chromium.Start(ctx, chromium.Options{})
//	defer browser.Close()
//	version, err := cdp.Call(ctx, browser.Root(), browser.GetVersion, cdp.Empty{})
//
// Every target of the browser has a [Session]: pages, frames in processes of their own, workers. The caller attaches to
// them, and gets their events in the order in which the browser sent them. The messages are those of package cdproto.
package chromium
