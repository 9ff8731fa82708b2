package format

import "coatcheck.dev/jar"

// Selenium is what WebDriver's get_cookies returns and add_cookie takes: an array of cookies with expiry. Partitioned
// cookies are left out. Priority and the times of creation and last access are lost, and so are fractions of seconds.
var Selenium = Format{
	name: "selenium", about: "the array of WebDriver's get_cookies()",
	sign:  `a JSON array of cookies with "expiry", or with "name", "value" and "domain" alone`,
	files: []string{"*.selenium.json"},
	sniff: sniffJSON(func(h *jsonHead) bool { return h.list() && (h.has("expiry") || h.has("value")) }),
	read:  readRecords,
	write: func(*Options) encoder { return jsonList("[", "]\n", toSelenium) },
}

type seleniumCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Domain   string `json:"domain"`
	Path     string `json:"path"`
	Secure   bool   `json:"secure"`
	HTTPOnly bool   `json:"httpOnly"`
	Expiry   int64  `json:"expiry,omitempty"` // seconds; absent in a session cookie
	SameSite string `json:"sameSite,omitempty"`
}

func toSelenium(c *jar.Cookie, lose func(what string)) (seleniumCookie, string) {
	if c.Partition != (jar.Partition{}) {
		return seleniumCookie{}, "it is partitioned"
	}
	s := seleniumCookie{
		Name: c.Name, Value: c.Value, Domain: writeURLDomain(c), Path: c.Path,
		Secure: c.Secure, HTTPOnly: c.HttpOnly, SameSite: c.SameSite.String(),
	}
	if !c.Session() {
		s.Expiry = c.Expires.Unix()
	}
	losePriority(c, lose)
	return s, unfit(c)
}
