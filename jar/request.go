package jar

import (
	"net/url"
	"time"
)

// A Request describes a request, or a script that uses document.cookie, so that a jar can choose its cookies. With
// nothing but a URL, the user makes the request, or a page of the same site does.
type Request struct {
	// URL is the requested URL, or for a script the URL of its document.
	URL *url.URL
	// Method is the HTTP method; "" is GET.
	Method string
	// Kind is the purpose of the request.
	Kind Kind
	// TopLevel is the document in the address bar. nil means one of the same site, or none for a top-level
	// navigation.
	TopLevel *url.URL
	// Ancestors are the documents between TopLevel and the frame that makes the request or is navigated.
	Ancestors []*url.URL
	// Initiator is the document that caused the request. nil is the user, also by a reload, or a document of the same
	// site.
	Initiator *url.URL
	// Redirects are the URLs before URL in a chain of redirects, the first one first.
	Redirects []*url.URL
	// Script is a use of document.cookie and the like. The standard calls it a non-HTTP API.
	Script bool
	// Date is the server's clock at the time of the response: its Date header. Browsers count Expires from it, so that
	// a server whose clock is wrong sets cookies for as long as it means to. Zero means that the clocks agree.
	Date time.Time
}

// Kind is the purpose of a request.
type Kind uint8

const (
	// Subresource is an image, a script, a fetch: anything but a document.
	Subresource Kind = iota
	// Navigation replaces the document in the address bar, or opens a new one.
	Navigation
	// FrameNavigation replaces the document of a frame.
	FrameNavigation
)

// siteContext is the closeness of a request to its site; greater is closer.
type siteContext uint8

const (
	crossSite siteContext = iota
	laxUnsafe             // a top-level navigation from another site by an unsafe method
	lax                   // a top-level navigation from another site by a safe method
	strict
)

// siteRules are the differences between user agents about sites.
type siteRules struct {
	schemeful       bool // http and https are two sites
	below           bool // a host below that of the page is of its site, even if the page's is a public suffix
	redirects       bool // a redirect through another site counts
	redirectsScheme bool // and so does one from http to https, or back
}

// same reports whether a document is of the site of the request. nil is.
func (r *Request) same(u *url.URL, rules siteRules) bool {
	return u == nil || sameSite(u, r.URL, rules.schemeful) ||
		rules.below && domainMatch(canonicalHost(r.URL), canonicalHost(u))
}

// siteContext judges a request by RFC 6265bis section 5.2. That is about sending; for storing, every top-level
// navigation counts as lax ([cookie.ExcludeSameSiteLax]).
func (r *Request) siteContext(rules siteRules, storing bool) siteContext {
	if r.Kind != Navigation || r.Script {
		if !r.same(r.TopLevel, rules) {
			return crossSite
		}
		for _, u := range r.Ancestors {
			if !r.same(u, rules) {
				return crossSite
			}
		}
	}
	if r.Script {
		return strict
	}
	if r.Kind == Navigation && storing {
		return lax
	}
	result := strict
	if !r.same(r.Initiator, rules) || rules.redirects && r.redirectedAcross(rules) {
		result = crossSite
		if r.Kind == Navigation {
			result = lax
			if !safeMethod(r.Method) {
				result = laxUnsafe
			}
		}
	}
	return result
}

func (r *Request) redirectedAcross(rules siteRules) bool {
	for _, u := range r.Redirects {
		if !sameSite(u, r.URL, rules.schemeful || rules.redirectsScheme) {
			return true
		}
	}
	return false
}

// safeMethod: RFC 9110 section 9.2.1
func safeMethod(method string) bool {
	switch method {
	case "", "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// partition returns the partition of the request's Partitioned cookies.
func (r *Request) partition(schemeful bool) Partition {
	if r.TopLevel == nil || r.Kind == Navigation && !r.Script {
		return Partition{TopLevelSite: schemefulSite(r.URL)}
	}
	p := Partition{TopLevelSite: schemefulSite(r.TopLevel)}
	p.CrossSiteAncestor = !sameSite(r.URL, r.TopLevel, schemeful)
	for _, u := range r.Ancestors {
		p.CrossSiteAncestor = p.CrossSiteAncestor || !sameSite(u, r.TopLevel, schemeful)
	}
	return p
}
