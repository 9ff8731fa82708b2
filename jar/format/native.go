package format

import (
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"coatcheck.dev/jar"
)

// Native is the jar's own JSON format. It loses nothing.
//
//	{"version": 1, "cookies": [{"name": …, "value": …, "domain": …, "hostOnly": …, "path": …, "expires": …, …}]}
//
// Times are in RFC 3339. A cookie without expires is a session cookie. Names, values and paths outside of UTF-8 stand
// in nameBytes, valueBytes and pathBytes, in base64. Readers ignore unknown fields; where that would be wrong,
// version grows. A bad cookie makes the file an error, because a jar wrote the file.
var Native = Format{
	name: "native", about: "Coatcheck's own JSON, which loses nothing", files: []string{"*.json"}, exact: true,
	read: readNative, write: writeNative,
}

const nativeVersion = 1

type nativeFile struct {
	Version *int           `json:"version"`
	Cookies []nativeCookie `json:"cookies"`
}

type nativeCookie struct {
	Name              string     `json:"name,omitempty"`
	NameBytes         []byte     `json:"nameBytes,omitempty"`
	Value             string     `json:"value,omitempty"`
	ValueBytes        []byte     `json:"valueBytes,omitempty"`
	Domain            string     `json:"domain"`
	HostOnly          bool       `json:"hostOnly,omitempty"`
	Path              string     `json:"path,omitempty"`
	PathBytes         []byte     `json:"pathBytes,omitempty"`
	Expires           *time.Time `json:"expires,omitempty"`
	Secure            bool       `json:"secure,omitempty"`
	HTTPOnly          bool       `json:"httpOnly,omitempty"`
	SameSite          string     `json:"sameSite,omitempty"`
	Priority          string     `json:"priority,omitempty"`
	TopLevelSite      string     `json:"topLevelSite,omitempty"`
	CrossSiteAncestor bool       `json:"crossSiteAncestor,omitempty"`
	Created           time.Time  `json:"created"`
	LastAccess        time.Time  `json:"lastAccess"`
}

func writeNative(w io.Writer, cookies []jar.Cookie) ([]Loss, error) {
	list, _ := convertAll(cookies, toNative)
	version := nativeVersion
	return nil, encodeJSON(w, nativeFile{Version: &version, Cookies: list})
}

func toNative(c *jar.Cookie, _ func(string)) (nativeCookie, bool) {
	n := nativeCookie{
		Name: c.Name, Value: c.Value, Domain: c.Domain, HostOnly: c.HostOnly, Path: c.Path,
		Secure: c.Secure, HTTPOnly: c.HttpOnly, SameSite: c.SameSite.String(), Priority: c.Priority.String(),
		TopLevelSite: c.Partition.TopLevelSite, CrossSiteAncestor: c.Partition.CrossSiteAncestor,
		Created: c.Created.UTC(), LastAccess: c.LastAccess.UTC(),
	}
	if !c.Session() {
		expires := c.Expires.UTC()
		n.Expires = &expires
	}
	splitBytes(&n.Name, &n.NameBytes)
	splitBytes(&n.Value, &n.ValueBytes)
	splitBytes(&n.Path, &n.PathBytes)
	return n, true
}

// splitBytes moves a text to bytes if it has no place in a JSON string.
func splitBytes(text *string, bytes *[]byte) {
	if !utf8.ValidString(*text) {
		*text, *bytes = "", []byte(*text)
	}
}

func joinBytes(text string, bytes []byte) string {
	if bytes != nil {
		return string(bytes)
	}
	return text
}

func readNative(data []byte, _ time.Time) ([]jar.Cookie, []Loss, error) {
	var file nativeFile
	if err := decodeJSON(data, &file); err != nil {
		return nil, nil, err
	}
	if file.Version == nil || *file.Version < 1 {
		return nil, nil, errors.New("no version: this is not a jar's own format")
	}
	if *file.Version > nativeVersion {
		return nil, nil, fmt.Errorf("version %d is newer than %d: update the program", *file.Version, nativeVersion)
	}
	cookies := make([]jar.Cookie, 0, len(file.Cookies))
	for i, n := range file.Cookies {
		c := jar.Cookie{
			Name: joinBytes(n.Name, n.NameBytes), Value: joinBytes(n.Value,
				n.ValueBytes), Domain: n.Domain, HostOnly: n.HostOnly,
			Path: joinBytes(n.Path, n.PathBytes), Secure: n.Secure, HttpOnly: n.HTTPOnly,
			Partition: jar.Partition{TopLevelSite: n.TopLevelSite,
				CrossSiteAncestor: n.CrossSiteAncestor}, Created: n.Created, LastAccess: n.LastAccess,
		}
		if n.Expires != nil {
			c.Expires = *n.Expires
		}
		var err1, err2 error
		c.SameSite, err1 = readSameSite(n.SameSite)
		c.Priority, err2 = readPriority(n.Priority)
		if err := errors.Join(err1, err2); err != nil {
			return nil, nil, fmt.Errorf("cookie %d: %w", i+1, err)
		}
		cookies = append(cookies, c)
	}
	return cookies, nil, nil
}
