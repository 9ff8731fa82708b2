package migrate

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// GorillaOptions say how github.com/gorilla/sessions kept the sessions: in a CookieStore, or in a FilesystemStore if
// Files is set. KeyPairs, User and the cookie's name are required.
//
// A CookieStore has nothing on the server, so its sign-out only takes the cookie from the browser, and every cookie
// that was ever sent is good until it is MaxAge old. That is so here as well, for each such cookie once: if copies
// may be around, [session.Manager.RevokeBefore] refuses all cookies that were written before a moment.
type GorillaOptions struct {
	// Cookie has the Name, Path, Domain and Partitioned of the old cookie; the name is that of the session, and Path
	// is "/" by default.
	Cookie cookie.Cookie

	// KeyPairs are those of sessions.NewCookieStore or NewFilesystemStore: a hash key and a block key in turns. A
	// block key that is nil or left out at the end means that nothing is encrypted.
	KeyPairs [][]byte

	// MaxAge is how old a cookie may be; the default is 30 days, as in the old library. Negative means that it does
	// not matter, as MaxAge(0) there.
	MaxAge time.Duration

	// Hash is the hash function that was set by securecookie.HashFunc; the default is sha256.New.
	Hash func() hash.Hash

	// Files is the folder of a FilesystemStore; os.TempDir() is the one that it used when it was given none. Empty
	// means a CookieStore.
	Files string

	// Decode reads values that a securecookie.Serializer other than the default one has written.
	Decode func([]byte) (map[any]any, error)

	// User returns who is signed in according to the old values, "" if nobody is.
	User func(old map[any]any) string

	// Values sets the values that are to stay, with the application's keys. The default is none.
	Values func(s *session.Session, old map[any]any) error

	// Remember reports whether the session is to outlive the browser; the default is that none does.
	Remember func(old map[any]any) bool
}

// Gorilla returns a migration from gorilla/sessions.
func Gorilla(o GorillaOptions) (session.Migration, error) {
	switch {
	case o.User == nil:
		return nil, errNoUser
	case o.Cookie.Name == "":
		return nil, errors.New("migrate: GorillaOptions.Cookie has no name")
	}
	codecs, err := secureCookies(o)
	if err != nil {
		return nil, err
	}
	if o.Cookie.Path == "" {
		o.Cookie.Path = "/"
	}
	if o.Decode == nil {
		o.Decode = func(b []byte) (values map[any]any, err error) { return values, decodeGob(b, &values) }
	}
	if o.Remember == nil {
		o.Remember = func(map[any]any) bool { return false }
	}
	return &gorilla{o: o, codecs: codecs}, nil
}

type gorilla struct {
	o      GorillaOptions
	codecs []secureCookie
}

func (m *gorilla) Cookie() *cookie.Cookie { return &m.o.Cookie }

// Check verifies the signature and the age.
func (m *gorilla) Check(value string) bool {
	_, ok := m.open(value, time.Now())
	return ok
}

func (m *gorilla) open(value string, now time.Time) (opened, bool) {
	for i := range m.codecs {
		if o, ok := m.codecs[i].open(m.o.Cookie.Name, value, now); ok {
			return o, true
		}
	}
	return opened{}, false
}

func (m *gorilla) Load(_ context.Context, value string) (*session.OldSession, error) {
	now := time.Now()
	o, ok := m.open(value, now)
	if ok && m.o.Files != "" {
		text, found, err := m.readFile(o.data)
		if err != nil || !found {
			return nil, err
		}
		o, ok = m.open(text, now) // written by the same hand in the same moment as the cookie
	}
	if !ok {
		return nil, nil
	}
	old := &session.OldSession{Began: o.at}
	if m.o.MaxAge >= 0 { // else it never expires
		old.Expires = o.at.Add(m.codecs[0].maxAge)
	}
	err := shielded(func() error {
		values, err := m.o.Decode(o.data)
		if err != nil {
			return err
		}
		old.User, old.Remember = m.o.User(values), m.o.Remember(values)
		if m.o.Values != nil {
			old.Values = func(s *session.Session) error {
				return shielded(func() error { return m.o.Values(s, values) })
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("decode gorilla session: %w: %w", store.ErrDamaged, err)
	}
	return old, nil
}

// Remove deletes the file. A CookieStore has nothing to remove.
func (m *gorilla) Remove(_ context.Context, value string) error {
	o, ok := m.open(value, time.Now())
	if !ok || m.o.Files == "" {
		return nil
	}
	path, ok := m.path(o.data)
	if !ok {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove gorilla session: %w", err)
	}
	return nil
}

// readFile returns what a FilesystemStore wrote for the ID that the cookie held.
func (m *gorilla) readFile(id []byte) (text string, found bool, err error) {
	path, ok := m.path(id)
	if !ok {
		return "", false, nil
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, os.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("find gorilla session: %w", err)
	case info.Size() > maxRecord:
		return "", false, fmt.Errorf("read gorilla session of %d bytes: %w", info.Size(), store.ErrDamaged)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read gorilla session: %w", err)
	}
	return string(b), true, nil
}

// path returns the file of an ID in gob: 32 random bytes in base32, nothing that could be a path.
func (m *gorilla) path(gobID []byte) (string, bool) {
	var id string
	if err := decodeGob(gobID, &id); err != nil {
		return "", false
	}
	if len(id) != 52 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", false
	}
	return filepath.Join(m.o.Files, "session_"+id), true
}

// Format names the migration and nothing that it was made of, whatever the verb: the keys are secrets.
func (m *gorilla) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "[migration from gorilla/sessions, cookie %q]", m.o.Cookie.Name)
}
