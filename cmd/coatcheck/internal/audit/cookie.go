package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/state"
)

// cookies lists those that the browser keeps.
func (v *visitor) cookies(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	kept, err := cdp.Call(ctx, v.browser.Root(), storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		return fmt.Errorf("list cookies: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for _, c := range kept.Cookies {
		f := finding{at: v.now(), stored: true, Item: Item{
			Kind: state.KindCookie, Name: c.Name, Place: c.Domain, Path: c.Path, Size: len(c.Name) + len(c.Value),
			ThirdParty: v.ledger.foreign(strings.TrimPrefix(c.Domain, ".")),
			Attributes: &Attributes{Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: string(c.SameSite),
				Partitioned: c.PartitionKey != nil || c.PartitionKeyOpaque},
		}}
		if c.PartitionKey != nil {
			f.Partition = c.PartitionKey.TopLevelSite
		}
		if !c.Session {
			f.Attributes.Lifetime = int64(time.Unix(int64(c.Expires), 0).Sub(now).Round(time.Second) / time.Second)
		}
		v.ledger.add(f)
	}
	return nil
}

// bring puts cookies of a jar into the browser.
func (v *visitor) bring(ctx context.Context, list []jar.Cookie) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var params []*network.CookieParam
	for i := range list {
		params = append(params, param(&list[i]))
	}
	set := storage.SetCookiesParams{Cookies: params}
	if _, err := cdp.Call(ctx, v.browser.Root(), storage.SetCookies, set); err != nil {
		return fmt.Errorf("bring the cookies of the file: %w", err)
	}
	return nil
}

func param(c *jar.Cookie) *network.CookieParam {
	p := &network.CookieParam{Name: c.Name, Value: c.Value, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HttpOnly}
	scheme, host := "http://", c.Domain
	if c.Secure {
		scheme = "https://"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	p.URL = scheme + host + c.Path
	if !c.HostOnly {
		p.Domain = "." + c.Domain
	}
	if !c.Expires.IsZero() {
		p.Expires = cdp.TimeSinceEpoch(c.Expires.Unix())
	}
	if c.SameSite != cookie.SameSiteUnset {
		p.SameSite = network.CookieSameSite(c.SameSite.String())
	}
	if c.Partition.TopLevelSite != "" {
		p.PartitionKey = &network.CookiePartitionKey{TopLevelSite: c.Partition.TopLevelSite,
			HasCrossSiteAncestor: c.Partition.CrossSiteAncestor}
	}
	return p
}
