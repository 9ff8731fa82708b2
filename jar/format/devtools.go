package format

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// CDP is the answer of the Chrome DevTools Protocol to Storage.getCookies and Network.getCookies:
// {"cookies": [Network.Cookie, …]}. A bare array is read as well. The times of creation and last access are lost.
var CDP = Format{
	name: "cdp", about: "the answer of Chrome's DevTools protocol to Storage.getCookies", files: []string{"*.cdp.json"},
	read: readCDP, write: writeCDP,
}

type cdpCookie struct {
	Name               string        `json:"name"`
	Value              string        `json:"value"`
	Domain             string        `json:"domain"`
	Path               string        `json:"path"`
	Expires            float64       `json:"expires"` // seconds; -1 is a session cookie
	Size               int           `json:"size"`
	HTTPOnly           bool          `json:"httpOnly"`
	Secure             bool          `json:"secure"`
	Session            bool          `json:"session"`
	SameSite           string        `json:"sameSite,omitempty"`
	Priority           string        `json:"priority,omitempty"`
	SourceScheme       string        `json:"sourceScheme,omitempty"`
	SourcePort         int           `json:"sourcePort,omitempty"`
	PartitionKey       *cdpPartition `json:"partitionKey,omitempty"`
	PartitionKeyOpaque bool          `json:"partitionKeyOpaque,omitempty"`
}

type cdpPartition struct {
	TopLevelSite         string `json:"topLevelSite"`
	HasCrossSiteAncestor bool   `json:"hasCrossSiteAncestor"`
}

func writeCDP(w io.Writer, cookies []jar.Cookie) ([]Loss, error) {
	list, losses := convertAll(cookies, toCDP)
	return losses, encodeJSON(w, map[string]any{"cookies": list})
}

func toCDP(c *jar.Cookie, lose func(what string)) (cdpCookie, bool) {
	d := cdpCookie{
		Name: c.Name, Value: c.Value, Domain: writeDomain(c), Path: c.Path, Expires: -1,
		Size: len(c.Name) +
			len(c.Value), HTTPOnly: c.HttpOnly, Secure: c.Secure, Session: c.Session(), SameSite: c.SameSite.String(),
		Priority: cookie.PriorityMedium.String(), SourceScheme: "Unset", SourcePort: -1,
	}
	if !c.Session() {
		d.Expires = float64(c.Expires.UnixMicro()) / 1e6
	}
	if c.Priority != cookie.PriorityUnset {
		d.Priority = c.Priority.String()
	}
	if c.Partition != (jar.Partition{}) {
		d.PartitionKey = &cdpPartition{c.Partition.TopLevelSite, c.Partition.CrossSiteAncestor}
	}
	return d, fitsJSON(c, lose)
}

func readCDP(data []byte, _ time.Time) ([]jar.Cookie, []Loss, error) {
	var file struct {
		Cookies *[]cdpCookie `json:"cookies"`
	}
	var to any = &file
	if strings.HasPrefix(strings.TrimSpace(string(data)), "[") {
		to = &file.Cookies
	}
	if err := decodeJSON(data, to); err != nil {
		return nil, nil, err
	}
	if file.Cookies == nil {
		return nil, nil, errors.New("there are no cookies in it")
	}
	var losses []Loss
	cookies := make([]jar.Cookie, 0, len(*file.Cookies))
	for i, d := range *file.Cookies {
		c := jar.Cookie{Name: d.Name, Value: d.Value, Path: d.Path, Secure: d.Secure, HttpOnly: d.HTTPOnly}
		readDomain(&c, d.Domain)
		if d.Expires >= 0 && !d.Session {
			c.Expires = secondsTime(d.Expires)
		}
		var err1, err2 error
		c.SameSite, err1 = readSameSite(d.SameSite)
		if c.Priority, err2 = readPriority(d.Priority); c.Priority == cookie.PriorityMedium {
			c.Priority = cookie.PriorityUnset // the protocol has no word for unset
		}
		if err := errors.Join(err1, err2); err != nil {
			return nil, nil, fmt.Errorf("cookie %d: %w", i+1, err)
		}
		if d.PartitionKeyOpaque {
			losses = append(losses, lossOf(&c, "the cookie: its partition has no name"))
			continue
		}
		if d.PartitionKey != nil {
			c.Partition = jar.Partition{
				TopLevelSite: d.PartitionKey.TopLevelSite, CrossSiteAncestor: d.PartitionKey.HasCrossSiteAncestor,
			}
		}
		cookies = append(cookies, c)
	}
	return cookies, losses, nil
}
