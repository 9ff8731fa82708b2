package format

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
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
// version grows, and a file of a newer version is an error.
var Native = Format{
	name: "native", about: "Coatcheck's own JSON, which loses nothing", files: []string{"*.json"},
	sign: `a JSON object with a number as "version" and "cookies"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		return '0' <= h.keys["version"] && h.keys["version"] <= '9' && h.keys["cookies"] == '['
	}),
	read: readNative,
	write: func(*Options) encoder {
		return jsonList(fmt.Sprintf("{\n  \"version\": %d,\n  \"cookies\": [", nativeVersion), "  ]\n}\n", toNative)
	},
}

const nativeVersion = 1

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
	Created           time.Time  `json:"created,omitzero"`
	LastAccess        time.Time  `json:"lastAccess,omitzero"`
}

func toNative(c *jar.Cookie, _ func(string)) (nativeCookie, string) {
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
	return n, ""
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

func readNative(in *bufio.Reader, _ *Options, s *sink) error {
	var version int
	var wrong error
	shape := jsonShape{
		list: "cookies",
		other: map[string]func(place, []byte){"version": func(_ place, raw []byte) {
			if json.Unmarshal(raw, &version) != nil || version < 1 {
				wrong = errors.New("no version: this is not a jar's own format")
			} else if version > nativeVersion {
				wrong = fmt.Errorf("version %d is newer than %d: update the program", version, nativeVersion)
			}
		}},
		entry: func(at place, raw []byte) {
			if wrong == nil {
				readNativeCookie(at, raw, s)
			}
		},
	}
	err := shape.walk(in, s)
	switch {
	case wrong != nil:
		return wrong
	case err == nil && version == 0:
		return errors.New("no version: this is not a jar's own format")
	}
	return err
}

func readNativeCookie(at place, raw []byte, s *sink) {
	var n nativeCookie
	if raw == nil {
		s.leaveOut(at, nil, errTooLarge.Error())
		return
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		var kind *json.UnmarshalTypeError
		if !errors.As(err, &kind) {
			s.leaveOut(at, nil, jsonError(err))
			return
		}
		s.leaveOut(at, &jar.Cookie{Name: n.Name, Domain: n.Domain}, fmt.Sprintf("%s is %s", kind.Field, kind.Value))
		return
	}
	c := jar.Cookie{
		Name: joinBytes(n.Name, n.NameBytes), Value: joinBytes(n.Value, n.ValueBytes),
		Domain: n.Domain, HostOnly: n.HostOnly, Path: joinBytes(n.Path, n.PathBytes),
		Secure: n.Secure, HttpOnly: n.HTTPOnly,
		Partition: jar.Partition{TopLevelSite: n.TopLevelSite, CrossSiteAncestor: n.CrossSiteAncestor},
		Created:   n.Created, LastAccess: n.LastAccess,
	}
	if n.Expires != nil {
		c.Expires = *n.Expires
	}
	var err1, err2 error
	c.SameSite, err1 = readSameSite(n.SameSite)
	c.Priority, err2 = readPriority(n.Priority)
	if err := errors.Join(err1, err2); err != nil {
		s.leaveOut(at, &c, oneLine(err))
		return
	}
	s.add(at, &c)
}
