package format

import (
	"errors"
	"fmt"
	"io"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Playwright is the storage state of Playwright: {"cookies": […], "origins": […]}. Origins, with their local storage,
// are ignored, and written empty. The format has no unset SameSite: it is written as Lax. Priority, the times of
// creation and last access, and the cross-site bit of partitions are lost.
var Playwright = Format{
	name: "playwright", about: "the storage state of Playwright",
	files: []string{"state.json", "storageState.json", "*.playwright.json"}, // the first two are in its documentation
	read:  readPlaywright, write: writePlaywright,
}

type playwrightFile struct {
	Cookies *[]playwrightCookie `json:"cookies"`
	Origins []any               `json:"origins"`
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
}

func writePlaywright(w io.Writer, cookies []jar.Cookie) ([]Loss, error) {
	list, losses := convertAll(cookies, toPlaywright)
	return losses, encodeJSON(w, playwrightFile{Cookies: &list, Origins: []any{}})
}

func toPlaywright(c *jar.Cookie, lose func(what string)) (playwrightCookie, bool) {
	p := playwrightCookie{
		Name: c.Name, Value: c.Value, Domain: writeDomain(c), Path: c.Path, Expires: -1,
		HTTPOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite.String(), PartitionKey: c.Partition.TopLevelSite,
	}
	if !fitsJSON(c, lose) {
		return p, false
	}
	if !c.Session() {
		p.Expires = float64(c.Expires.UnixMicro()) / 1e6
	}
	if c.SameSite == cookie.SameSiteUnset {
		p.SameSite = cookie.SameSiteLax.String()
		lose("that SameSite is not set; it is written as Lax")
	}
	if c.Priority != cookie.PriorityUnset {
		lose("Priority=" + c.Priority.String())
	}
	if c.Partition.CrossSiteAncestor {
		lose("the cross-site bit of its partition")
	}
	return p, true
}

func readPlaywright(data []byte, _ time.Time) ([]jar.Cookie, []Loss, error) {
	var file playwrightFile
	if err := decodeJSON(data, &file); err != nil {
		return nil, nil, err
	}
	if file.Cookies == nil {
		return nil, nil, errors.New("there are no cookies in it")
	}
	cookies := make([]jar.Cookie, 0, len(*file.Cookies))
	for i, p := range *file.Cookies {
		c := jar.Cookie{Name: p.Name, Value: p.Value, Path: p.Path, Secure: p.Secure, HttpOnly: p.HTTPOnly}
		readDomain(&c, p.Domain)
		if p.Expires >= 0 {
			c.Expires = secondsTime(p.Expires)
		}
		var err error
		if c.SameSite, err = readSameSite(p.SameSite); err != nil {
			return nil, nil, fmt.Errorf("cookie %d: %w", i+1, err)
		}
		c.Partition.TopLevelSite = p.PartitionKey
		cookies = append(cookies, c)
	}
	return cookies, nil, nil
}
