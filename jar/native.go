package jar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"coatcheck.dev/cookie"
)

// Native is the jar's own JSON format. It holds everything.
//
//	{"version": 1, "cookies": [{"name": …, "value": …, "domain": …, "hostOnly": …, "path": …, "expires": …, …}]}
//
// Times are RFC 3339; a cookie without expires is a session cookie. Names, values and paths that are not UTF-8 are in nameBytes,
// valueBytes and pathBytes, as base64. Readers ignore fields that they do not know; version changes when that would be wrong.
var Native = Format{name: "native", exact: true, read: readNative, write: writeNative}

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

func writeNative(w io.Writer, cookies []Cookie) ([]Loss, error) {
	version := nativeVersion
	file := nativeFile{Version: &version, Cookies: make([]nativeCookie, 0, len(cookies))}
	for _, c := range cookies {
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
		file.Cookies = append(file.Cookies, n)
	}
	return nil, encodeJSON(w, file)
}

// splitBytes moves what JSON cannot hold as a string.
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

func readNative(data []byte, _ time.Time) ([]Cookie, []Loss, error) {
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
	cookies := make([]Cookie, 0, len(file.Cookies))
	for i, n := range file.Cookies {
		c := Cookie{
			Name: joinBytes(n.Name, n.NameBytes), Value: joinBytes(n.Value, n.ValueBytes), Domain: n.Domain, HostOnly: n.HostOnly,
			Path: joinBytes(n.Path, n.PathBytes), Secure: n.Secure, HttpOnly: n.HTTPOnly,
			Partition: Partition{n.TopLevelSite, n.CrossSiteAncestor}, Created: n.Created, LastAccess: n.LastAccess,
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

func readPriority(s string) (cookie.Priority, error) {
	for _, p := range []cookie.Priority{cookie.PriorityUnset, cookie.PriorityLow, cookie.PriorityMedium, cookie.PriorityHigh} {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("priority is %.64q", s)
}

// SaveFile writes the jar to a file in the [Native] format, session cookies included; call [Jar.EndSession] before if they are to
// end here. The file is replaced as a whole: whatever happens, there is the old one or the new one. Only its owner may read it.
func (j *Jar) SaveFile(name string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("save cookies: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("save cookies to %s: %w", name, err)
		}
	}()
	if _, err = j.Export(Native, f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// syncFolder makes a rename durable, where folders can be synced.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

// LoadFile adds the cookies of a file that SaveFile has written: all, or with an error none. A file that is not there is an error
// that is [fs.ErrNotExist].
func (j *Jar) LoadFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("load cookies: %w", err)
	}
	defer f.Close()
	if _, err := j.Import(Native, f); err != nil {
		return fmt.Errorf("load cookies from %s: %w", name, err)
	}
	return nil
}
