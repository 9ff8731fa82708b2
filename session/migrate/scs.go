package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// SCSOptions say how github.com/alexedwards/scs/v2 kept the sessions. User is required, and so are Find and Delete.
type SCSOptions struct {
	// Cookie has the Name, Path, Domain and Partitioned of the old cookie; Name is "session" and Path is "/" by
	// default, as in scs.
	Cookie cookie.Cookie

	// Records is the old store: [SQLite], [PostgreSQL], [Redis], or two functions.
	Records

	// HashTokenInStore is the field of that name in scs.SessionManager.
	HashTokenInStore bool

	// Lifetime is the field of that name in scs.SessionManager; the default is 24 hours. It tells when a session
	// began. If the field had different values over time, take the longest.
	Lifetime time.Duration

	// Decode is the Decode method of the scs.Codec that was used; the default is that of scs.GobCodec.
	Decode func([]byte) (deadline time.Time, values map[string]any, err error)

	// User returns who is signed in according to the old values, "" if nobody is.
	User func(old map[string]any) string

	// Values sets the values that are to stay, with the application's keys. The default is none.
	Values func(s *session.Session, old map[string]any) error

	// Remember reports whether the session is to outlive the browser; the default is what
	// scs.SessionManager.RememberMe noted.
	Remember func(old map[string]any) bool
}

// SCS returns a migration from scs.
func SCS(o SCSOptions) (session.Migration, error) {
	switch {
	case o.User == nil:
		return nil, errNoUser
	case o.Find == nil || o.Delete == nil:
		return nil, errors.New("migrate: SCSOptions.Records lacks Find or Delete")
	case o.Lifetime < 0:
		return nil, errors.New("migrate: SCSOptions.Lifetime is negative")
	}
	if o.Lifetime == 0 {
		o.Lifetime = 24 * time.Hour
	}
	if o.Cookie.Name == "" {
		o.Cookie.Name = "session"
	}
	if o.Cookie.Path == "" {
		o.Cookie.Path = "/"
	}
	if o.Decode == nil {
		o.Decode = decodeSCS
	}
	if o.Remember == nil {
		o.Remember = func(old map[string]any) bool { remember, _ := old["__rememberMe"].(bool); return remember }
	}
	return &scs{o}, nil
}

var errNoUser = errors.New("migrate: the function User is missing")

type scs struct{ o SCSOptions }

func (m *scs) Cookie() *cookie.Cookie { return &m.o.Cookie }

// scsToken is strict, so that each token has one text.
var scsToken = base64.RawURLEncoding.Strict()

// Check wants a token: 32 random bytes in base64url.
func (m *scs) Check(value string) bool {
	b, err := scsToken.DecodeString(value)
	return err == nil && len(b) == 32 && len(value) == scsToken.EncodedLen(32)
}

// key returns what the old store has the session of a token under.
func (m *scs) key(token string) string {
	if !m.o.HashTokenInStore {
		return token
	}
	sum := sha256.Sum256([]byte(token))
	return scsToken.EncodeToString(sum[:])
}

func (m *scs) Load(ctx context.Context, token string) (*session.OldSession, error) {
	b, found, err := m.o.Find(ctx, m.key(token))
	if err != nil {
		return nil, fmt.Errorf("find scs session: %w", err)
	}
	if !found {
		return nil, nil
	}
	if len(b) > maxRecord {
		return nil, fmt.Errorf("decode scs session of %d bytes: %w", len(b), store.ErrDamaged)
	}
	old := &session.OldSession{}
	err = shielded(func() error {
		deadline, values, err := m.o.Decode(b)
		if err != nil {
			return err
		}
		old.User, old.Remember = m.o.User(values), m.o.Remember(values)
		old.Expires, old.Began = deadline, deadline.Add(-m.o.Lifetime)
		if m.o.Values != nil {
			old.Values = func(s *session.Session) error {
				return shielded(func() error { return m.o.Values(s, values) })
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("decode scs session: %w: %w", store.ErrDamaged, err)
	}
	return old, nil
}

func (m *scs) Remove(ctx context.Context, token string) error {
	if err := m.o.Delete(ctx, m.key(token)); err != nil {
		return fmt.Errorf("delete scs session: %w", err)
	}
	return nil
}

// decodeSCS reads what scs.GobCodec writes.
func decodeSCS(b []byte) (time.Time, map[string]any, error) {
	var record struct {
		Deadline time.Time
		Values   map[string]any
	}
	if err := decodeGob(b, &record); err != nil {
		return time.Time{}, nil, err
	}
	if record.Deadline.IsZero() {
		return time.Time{}, nil, errNoDeadline // scs always writes one
	}
	return record.Deadline, record.Values, nil
}

var errNoDeadline = errors.New("it has no deadline")
