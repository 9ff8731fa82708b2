package jar

import (
	"time"
)

// A Profile is a user agent to follow where user agents differ. Everything that is not in this file is the same for all.
type Profile uint8

const (
	// Spec is RFC 6265bis with what web-platform-tests decide, and the limits of no particular browser.
	Spec Profile = iota
	// Chrome is Chromium as of 2026.
	Chrome
	// Firefox is Firefox as of 2026, with its default settings but without its blocking of third parties.
	Firefox
	// Safari is Safari as of 2026, without its blocking of third parties.
	Safari
)

// String returns the profile's name.
func (p Profile) String() string {
	return [...]string{"Spec", "Chrome", "Firefox", "Safari"}[p]
}

// rules are the documented differences between user agents.
type rules struct {
	// A cookie without SameSite counts as Lax. Firefox has this switched off.
	unsetIsLax bool
	// ... and is also sent with unsafe top-level requests for so long after it was created.
	laxAllowUnsafe time.Duration
	// A redirect through another site makes a request cross-site. The standard demands it, Chromium has it switched off.
	redirectsCount bool
	// http on the same machine counts as secure.
	localhostIsSecure bool
	// Names are compared with prefixes by case, and the prefixes with Http are not known (WebKit change 72339 is open).
	prefixesByCase, noHTTPPrefixes bool
	// The creation time of a replaced cookie is kept only if the value stays the same.
	sameValueKeepsCreation bool
	// Expires and Max-Age as in cookie.Parsed.ExpiryChromium; tabs inside a cookie and '=' in a nameless one are refused,
	// and a Path with bytes beyond ASCII is not (measured with Chromium 156).
	chromiumSyntax bool
	// The Priority attribute counts when cookies are evicted.
	priorities bool
	// Partitioned needs an explicit SameSite=None (Cocoa, since 2026-06).
	partitionedNeedsNone bool

	limits Limits
}

var profiles = [...]rules{
	Spec: {unsetIsLax: true, redirectsCount: true, localhostIsSecure: true, limits: Limits{
		Site: 180, SitePurge: 30, PartitionCookies: 180, PartitionBytes: 10240, Bytes: 64 << 20,
	}},
	Chrome: {unsetIsLax: true, laxAllowUnsafe: 2 * time.Minute, localhostIsSecure: true, sameValueKeepsCreation: true,
		chromiumSyntax: true, priorities: true, limits: Limits{
			Site: 180, SitePurge: 30, Total: 3300, TotalPurge: 300, Safe: 30 * 24 * time.Hour,
			PartitionCookies: 180, PartitionBytes: 10240, Bytes: 64 << 20,
		}},
	Firefox: {redirectsCount: true, localhostIsSecure: true, noHTTPPrefixes: true, limits: Limits{
		Site: 180, SitePurge: 30, Total: 3000, TotalPurge: 300,
		PartitionCookies: 180, PartitionBytes: 10240, PartitionSlack: 2048, Bytes: 64 << 20,
	}},
	Safari: {unsetIsLax: true, redirectsCount: true, prefixesByCase: true, noHTTPPrefixes: true, partitionedNeedsNone: true, limits: Limits{
		Site: 180, SitePurge: 30, Total: 3000, TotalPurge: 300, PartitionCookies: 180, PartitionBytes: 10240, Bytes: 64 << 20,
	}},
}

// Limits bound a jar. Whatever servers send, a jar holds no more than Bytes, and of one site, subdomains included, no more
// than Site cookies outside of partitions, and PartitionCookies in each partition. A zero field means no such limit, but
// zero Limits in [Options] are those of the profile.
//
// When a limit is passed, cookies that have expired go first, then the least recently used, in an order that protects
// Secure cookies and, for Chrome, those of a high Priority.
type Limits struct {
	Site      int // how many cookies of one site
	SitePurge int // how many fewer than Site are left after a purge

	Total      int           // how many cookies outside of partitions
	TotalPurge int           // how many fewer than Total are left after a purge
	Safe       time.Duration // cookies used so recently are not evicted because of Total

	PartitionCookies int // how many cookies of one site in one partition
	PartitionBytes   int // how many bytes their names and values have together
	PartitionSlack   int // how many bytes more there may be until a purge

	Bytes int // how many bytes all cookies have, overhead included, before the least recently used are evicted
}
