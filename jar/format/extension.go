package format

import (
	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Extension is what chrome.cookies and browser.cookies give to extensions, such as Cookie-Editor and EditThisCookie,
// and Electron's session.cookies: an array of cookies with expirationDate. Priority and the times of creation and last
// access are lost.
var Extension = Format{
	name: "extension", about: "chrome.cookies, as extensions and Electron export it",
	sign:  `a JSON array of cookies with "expirationDate", "hostOnly" or "storeId"`,
	files: []string{"*.extension.json"},
	sniff: sniffJSON(func(h *jsonHead) bool {
		return h.list() && (h.has("expirationDate") || h.has("hostOnly") || h.has("storeId"))
	}),
	read:  readRecords,
	write: func(*Options) encoder { return jsonList("[", "]\n", toExtension) },
}

type extensionCookie struct {
	Domain         string         `json:"domain"`
	ExpirationDate float64        `json:"expirationDate,omitempty"` // seconds; absent in a session cookie
	HostOnly       bool           `json:"hostOnly"`
	HTTPOnly       bool           `json:"httpOnly"`
	Name           string         `json:"name"`
	PartitionKey   map[string]any `json:"partitionKey,omitempty"`
	Path           string         `json:"path"`
	SameSite       string         `json:"sameSite"`
	Secure         bool           `json:"secure"`
	Session        bool           `json:"session"`
	StoreID        string         `json:"storeId"`
	Value          string         `json:"value"`
}

var extensionSameSites = map[cookie.SameSite]string{
	cookie.SameSiteUnset: "unspecified", cookie.SameSiteNone: "no_restriction",
	cookie.SameSiteLax: "lax", cookie.SameSiteStrict: "strict",
}

func toExtension(c *jar.Cookie, lose func(what string)) (extensionCookie, string) {
	e := extensionCookie{
		Domain: writeURLDomain(c), HostOnly: c.HostOnly, HTTPOnly: c.HttpOnly, Name: c.Name, Path: c.Path,
		SameSite: extensionSameSites[c.SameSite], Secure: c.Secure, Session: c.Session(), StoreID: "0", Value: c.Value,
	}
	if !c.Session() {
		e.ExpirationDate = writeSeconds(c)
	}
	if c.Partition != (jar.Partition{}) {
		e.PartitionKey = map[string]any{
			"topLevelSite": c.Partition.TopLevelSite, "hasCrossSiteAncestor": c.Partition.CrossSiteAncestor,
		}
	}
	losePriority(c, lose)
	return e, unfit(c)
}
