package format

import (
	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// CDP is the answer of the Chrome DevTools Protocol to Storage.getCookies and Network.getCookies:
// {"cookies": [Network.Cookie, …]}. A bare array is read as well, and the answer with its envelope. The times of
// creation and last access are lost.
var CDP = Format{
	name: "cdp", about: "the answer of Chrome's DevTools protocol to Storage.getCookies", files: []string{"*.cdp.json"},
	sign: `a JSON object with "cookies", or such an object in "result"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		return h.keys["cookies"] == '[' && (!h.entrys || h.has("name")) || h.keys["result"] == '{'
	}),
	read: readRecords,
	write: func(*Options) encoder {
		return jsonList("{\n  \"cookies\": [", "  ]\n}\n", toCDP)
	},
}

// Puppeteer is what page.cookies() and browser.cookies() of Puppeteer return and setCookie takes. The times of
// creation and last access are lost.
var Puppeteer = Format{
	name: "puppeteer", about: "the array of Puppeteer's cookies()", files: []string{"*.puppeteer.json"},
	sign:  `a JSON array of cookies with "session" and "size"`,
	sniff: sniffJSON(func(h *jsonHead) bool { return h.list() && h.has("session", "size") }),
	read:  readRecords,
	write: func(*Options) encoder { return jsonList("[", "]\n", toPuppeteer) },
}

type cdpCookie struct {
	Name         string  `json:"name"`
	Value        string  `json:"value"`
	Domain       string  `json:"domain"`
	Path         string  `json:"path"`
	Expires      float64 `json:"expires"` // seconds; -1 is a session cookie
	Size         int     `json:"size"`
	HTTPOnly     bool    `json:"httpOnly"`
	Secure       bool    `json:"secure"`
	Session      bool    `json:"session"`
	SameSite     string  `json:"sameSite,omitempty"`
	Priority     string  `json:"priority,omitempty"`
	SourceScheme string  `json:"sourceScheme,omitempty"`
	SourcePort   int     `json:"sourcePort,omitempty"`
	PartitionKey any     `json:"partitionKey,omitempty"`
}

func toCDP(c *jar.Cookie, _ func(string)) (cdpCookie, string) {
	d := cdpCookie{
		Name: c.Name, Value: c.Value, Domain: writeURLDomain(c), Path: c.Path, Expires: writeSeconds(c),
		Size: len(c.Name) + len(c.Value), HTTPOnly: c.HttpOnly, Secure: c.Secure, Session: c.Session(),
		SameSite: c.SameSite.String(), Priority: cookie.PriorityMedium.String(), SourceScheme: "Unset", SourcePort: -1,
	}
	if c.Priority != cookie.PriorityUnset {
		d.Priority = c.Priority.String()
	}
	if c.Partition != (jar.Partition{}) {
		d.PartitionKey = map[string]any{
			"topLevelSite": c.Partition.TopLevelSite, "hasCrossSiteAncestor": c.Partition.CrossSiteAncestor,
		}
	}
	return d, unfit(c)
}

func toPuppeteer(c *jar.Cookie, lose func(string)) (cdpCookie, string) {
	d, why := toCDP(c, lose)
	if c.Partition != (jar.Partition{}) {
		d.PartitionKey = map[string]any{
			"sourceOrigin": c.Partition.TopLevelSite, "hasCrossSiteAncestor": c.Partition.CrossSiteAncestor,
		}
	}
	return d, why
}
