// Package sitedata reads Clear-Site-Data, by which a response makes the browser forget what the site has stored.
// Browsers drop the cookies that the same response sets, too, in whichever order the two headers stand (seen with
// Chromium 156 and Firefox 153).
//
// See https://www.w3.org/TR/clear-site-data/.
package sitedata

import (
	"net/http"
	"slices"
	"strings"
)

const header = "Clear-Site-Data"

// others are what "*" means beside cookies.
const others = `"cache", "clientHints", "executionContexts", "prefetchCache", "prerenderCache", "storage"`

// ClearsCookies reports whether a response makes the browser forget its cookies.
func ClearsCookies(h http.Header) bool { return slices.ContainsFunc(h[header], clears) }

// KeepCookies takes that out of a response, and leaves what else it makes the browser forget. It reports whether there
// was anything to take out.
func KeepCookies(h http.Header) (changed bool) {
	if !ClearsCookies(h) {
		return false
	}
	var kept []string
	for _, line := range h[header] {
		if line = keep(line); line != "" {
			kept = append(kept, line)
		}
	}
	if h[header] = kept; len(kept) == 0 {
		delete(h, header)
	}
	return true
}

func clears(line string) bool {
	for item := range strings.SplitSeq(line, ",") {
		if isCookies(item) || isAll(item) {
			return true
		}
	}
	return false
}

func keep(line string) string {
	var kept []string
	for item := range strings.SplitSeq(line, ",") {
		switch {
		case isCookies(item):
		case isAll(item):
			kept = append(kept, others)
		default:
			kept = append(kept, strings.TrimSpace(item))
		}
	}
	return strings.Join(kept, ", ")
}

func isCookies(item string) bool { return strings.TrimSpace(item) == `"cookies"` }
func isAll(item string) bool     { return strings.TrimSpace(item) == `"*"` }
