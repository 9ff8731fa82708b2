package format

import (
	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Playwright is the storage state of Playwright: {"cookies": […], "origins": […]}. Origins, with their local storage,
// are reported as lost, and written empty. The format has no unset SameSite: it is written as Lax. Priority and the
// times of creation and last access are lost.
var Playwright = Format{
	name: "playwright", about: "the storage state of Playwright",
	sign:  `a JSON object with "cookies" and "origins"`,
	files: []string{"state.json", "storageState.json", "*.playwright.json", "auth.json", "user.json"},
	sniff: sniffJSON(func(h *jsonHead) bool { return h.keys["cookies"] == '[' && h.keys["origins"] == '[' }),
	read:  readRecords,
	write: func(*Options) encoder {
		return jsonList("{\n  \"cookies\": [", "  ],\n  \"origins\": []\n}\n", toPlaywright)
	},
}

// PlaywrightCookies is what context.cookies() of Playwright returns and context.addCookies() takes: an array of the
// cookies of [Playwright].
var PlaywrightCookies = Format{
	name: "playwright-cookies", about: "the array of Playwright's context.cookies()",
	sign:  `a JSON array of cookies with "sameSite" and "expires"`,
	files: []string{"*.playwright-cookies.json"},
	sniff: sniffJSON(func(h *jsonHead) bool {
		return h.list() && h.has("expires", "sameSite", "httpOnly") && !h.has("session")
	}),
	read:  readRecords,
	write: func(*Options) encoder { return jsonList("[", "]\n", toPlaywright) },
}

type playwrightCookie struct {
	Name         string  `json:"name"`
	Value        string  `json:"value"`
	Domain       string  `json:"domain"`
	Path         string  `json:"path"`
	Expires      float64 `json:"expires"` // seconds; -1 is a session cookie
	HTTPOnly     bool    `json:"httpOnly"`
	Secure       bool    `json:"secure"`
	SameSite     string  `json:"sameSite"`
	PartitionKey string  `json:"partitionKey,omitempty"`
	Ancestor     *bool   `json:"_crHasCrossSiteAncestor,omitempty"` // absent is true
}

func toPlaywright(c *jar.Cookie, lose func(what string)) (playwrightCookie, string) {
	p := playwrightCookie{
		Name: c.Name, Value: c.Value, Domain: writeURLDomain(c), Path: c.Path, Expires: writeSeconds(c),
		HTTPOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite.String(), PartitionKey: c.Partition.TopLevelSite,
	}
	if c.SameSite == cookie.SameSiteUnset {
		p.SameSite = cookie.SameSiteLax.String()
		lose("that SameSite is not set is lost: it is written as Lax")
	}
	if c.Partition != (jar.Partition{}) {
		ancestor := c.Partition.CrossSiteAncestor
		p.Ancestor = &ancestor
	}
	losePriority(c, lose)
	return p, unfit(c)
}
