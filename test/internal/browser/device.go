package browser

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// DeviceBound are flags with which Chromium on Linux keeps keys for device bound sessions, in software. It takes no
// key from a server whose certificate it does not trust, so that one is named by its spki, the base64 SHA-256 of its
// public key. Without a quota it signs as often as it is asked.
func DeviceBound(spki string, quota bool) map[string]string {
	features := "DeviceBoundSessions"
	if !quota {
		features += ":RefreshQuota/false"
	}
	return map[string]string{
		"ignore-certificate-errors-spki-list": spki,
		"enable-features":                     features + ",EnableBoundSessionCredentialsSoftwareKeysForManualTesting",
	}
}

// WatchBinding has the browser tell what happens to its device bound sessions from now on, until it is closed. With
// Flags of [DeviceBound] a restarted browser has to be asked again.
func (b *Browser) WatchBinding() {
	b.t.Helper()
	do(b, "watch device bound sessions", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		on := network.EnableDeviceBoundSessionsParams{Enable: true}
		_, err := cdp.Call(ctx, t, network.EnableDeviceBoundSessions, on)
		return chromedp.Void{}, err
	})
}

// BindingEvents are what the browser has told, each in a few words: "creation Success", "refresh Refreshed Success",
// "termination ServerRequested", "challenge Success".
func (b *Browser) BindingEvents() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.bindings)
}

// AwaitBindingEvent waits until the browser has told of as many events that begin with these words.
func (b *Browser) AwaitBindingEvent(words string, n int) {
	b.t.Helper()
	deadline := time.Now().Add(b.options.Timeout)
	for {
		told, seen := b.BindingEvents(), 0
		for _, event := range told {
			if strings.HasPrefix(event, words) {
				seen++
			}
		}
		if seen >= n {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the browser has told %d of %d times %q; it told %q%s", seen, n, words, told, b.where())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// describe is an event of a device bound session in words.
func describe(e *network.EventDeviceBoundSessionEventOccurred) string {
	switch {
	case e.CreationEventDetails != nil:
		return "creation " + string(e.CreationEventDetails.FetchResult)
	case e.RefreshEventDetails != nil:
		return strings.TrimSpace("refresh " + string(e.RefreshEventDetails.RefreshResult) + " " +
			string(e.RefreshEventDetails.FetchResult))
	case e.TerminationEventDetails != nil:
		return "termination " + string(e.TerminationEventDetails.DeletionReason)
	case e.ChallengeEventDetails != nil:
		return "challenge " + string(e.ChallengeEventDetails.ChallengeResult)
	}
	return "unknown"
}

// Plant puts copies of another browser's cookies into this one, as malware would.
func (b *Browser) Plant(cookies []*network.Cookie) {
	b.t.Helper()
	var params []*network.CookieParam
	for _, c := range cookies {
		p := &network.CookieParam{
			Name: c.Name, Value: c.Value, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite,
			URL: "https://" + strings.TrimPrefix(c.Domain, ".") + c.Path,
		}
		if strings.HasPrefix(c.Domain, ".") {
			p.Domain = c.Domain
		}
		if !c.Session {
			p.Expires = cdp.TimeSinceEpoch(c.Expires)
		}
		params = append(params, p)
	}
	do(b, "plant cookies", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, storage.SetCookies, storage.SetCookiesParams{Cookies: params})
		return chromedp.Void{}, err
	})
}

// AddAuthenticator has the browser show and make passkeys from now on, as a device does whose owner agrees to all.
func (b *Browser) AddAuthenticator() {
	b.t.Helper()
	do(b, "add an authenticator", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			},
		})
		return chromedp.Void{}, err
	})
}
