package migrate_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/gob"
	"fmt"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/store/memory"
)

var (
	hashKey  = []byte("a hash key of thirty-two bytes..")
	blockKey = []byte("a block key: 16.")
	otherKey = []byte("another key of thirty-two bytes.")
)

// secure writes a value as securecookie does. The real library is run in the end-to-end tests; this one can do wrong.
type secure struct {
	name  string
	at    time.Time
	date  string // instead of at
	hash  []byte
	block []byte
	data  []byte
}

func (s secure) value(t testing.TB) string {
	t.Helper()
	data := s.data
	if s.block != nil {
		block, err := aes.NewCipher(s.block)
		if err != nil {
			t.Fatal(err)
		}
		iv := bytes.Repeat([]byte{7}, aes.BlockSize)
		sealed := make([]byte, len(data))
		cipher.NewCTR(block, iv).XORKeyStream(sealed, data)
		data = append(iv, sealed...)
	}
	if s.date == "" {
		s.date = fmt.Sprint(s.at.Unix())
	}
	text := s.date + "|" + base64.URLEncoding.EncodeToString(data)
	mac := hmac.New(sha256.New, s.hash)
	mac.Write([]byte(s.name + "|" + text))
	return base64.URLEncoding.EncodeToString(append([]byte(text+"|"), mac.Sum(nil)...))
}

func gobOf(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func mustGorilla(t testing.TB, o migrate.GorillaOptions) session.Migration {
	t.Helper()
	o.Cookie.Name = oldName
	o.User = func(old map[any]any) string { user, _ := old["user"].(string); return user }
	m, err := migrate.Gorilla(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGorillaCookies(t *testing.T) {
	good := secure{name: oldName, at: time.Now(), hash: hashKey, data: gobOf(t, map[any]any{"user": "ann"})}
	sealed := good
	sealed.block = blockKey
	with := func(change func(*secure)) secure { s := good; change(&s); return s }
	plain, both := [][]byte{hashKey}, [][]byte{hashKey, blockKey}
	for _, c := range []struct {
		name  string
		value string
		keys  [][]byte
		user  string
	}{
		{"signed", good.value(t), plain, "ann"},
		{"signed, nil block key", good.value(t), [][]byte{hashKey, nil}, "ann"},
		{"encrypted", sealed.value(t), both, "ann"},
		{"by an older key", sealed.value(t), [][]byte{otherKey, nil, hashKey, blockKey}, "ann"},
		{"by a key that is unknown", good.value(t), [][]byte{otherKey}, ""},
		{"encrypted by a key that is unknown", with(func(s *secure) { s.block = otherKey }).value(t), both, ""},
		{"for another name", with(func(s *secure) { s.name = "other" }).value(t), plain, ""},
		{"too old", with(func(s *secure) { s.at = s.at.Add(-31 * 24 * time.Hour) }).value(t), plain, ""},
		{"date in words", with(func(s *secure) { s.date = "today" }).value(t), plain, ""},
		{"date beyond all", with(func(s *secure) { s.date = strings.Repeat("9", 30) }).value(t), plain, ""},
		{"signed, no gob", with(func(s *secure) { s.data = []byte("x") }).value(t), plain, ""},
		{"signed, nothing", with(func(s *secure) { s.data = nil }).value(t), plain, ""},
		{"too short to be encrypted", with(func(s *secure) { s.data = []byte("x") }).value(t), both, ""},
		{"no text", "", plain, ""},
		{"no bars", base64.URLEncoding.EncodeToString([]byte("hello")), plain, ""},
		{"one bar", base64.URLEncoding.EncodeToString([]byte("1|hello")), plain, ""},
		{"no signature", base64.URLEncoding.EncodeToString([]byte("1|hello|")), plain, ""},
		{"not base64", "{}", plain, ""},
		{"another byte at the end", good.value(t) + "=", plain, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, memory.New(), session.Options{Migrate: mustGorilla(t,
				migrate.GorillaOptions{KeyPairs: c.keys})})
			a := s.visit(oldName + "=" + c.value)
			if a.user != c.user || a.deletes(oldName) != (c.user != "") {
				t.Errorf("user %q with %v, want %q", a.user, a.cookies, c.user)
			}
		})
	}
}

// Each changed character of a genuine cookie makes it worthless. Were one of them to make another text for the same
// session, a session that has ended could move in again under that.
func TestGorillaOneTextPerCookie(t *testing.T) {
	value := secure{name: oldName, at: time.Now(), hash: hashKey, data: gobOf(t, map[any]any{"user": "ann"})}.value(t)
	m := mustGorilla(t, migrate.GorillaOptions{KeyPairs: [][]byte{hashKey}})
	if !m.Check(value) {
		t.Fatal("the genuine one is refused")
	}
	for i := range value {
		for _, c := range []string{"A", "B", "_", "=", "\n", value[i:i+1] + "\r", ""} {
			if changed := value[:i] + c + value[i+1:]; changed != value && m.Check(changed) {
				t.Errorf("accepted with %q at %d", c, i)
			}
		}
	}
}

// The cookie's age decides, and a session that moved in ends when the cookie would have.
func TestGorillaAge(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	value := secure{name: oldName, at: at, hash: hashKey, data: gobOf(t, map[any]any{"user": "ann"})}.value(t)
	for _, c := range []struct {
		name string
		max  time.Duration
		ok   bool
		ends time.Time
	}{
		{"default", 0, true, at.Add(30 * 24 * time.Hour)},
		{"young enough", 2 * time.Hour, true, at.Add(2 * time.Hour)},
		{"too old", 30 * time.Minute, false, time.Time{}},
		{"no limit", -1, true, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustGorilla(t, migrate.GorillaOptions{KeyPairs: [][]byte{hashKey}, MaxAge: c.max})
			if m.Check(value) != c.ok {
				t.Fatalf("accepted: %v, want %v", !c.ok, c.ok)
			}
			old, err := m.Load(t.Context(), value)
			if err != nil || (old != nil) != c.ok {
				t.Fatalf("old session %v, error %v", old, err)
			}
			if c.ok && (old.Began.Unix() != at.Unix() || !old.Expires.IsZero() && old.Expires.Unix() != c.ends.Unix() ||
				old.Expires.IsZero() != c.ends.IsZero()) {
				t.Errorf("from %v to %v, want %v to %v", old.Began, old.Expires, at, c.ends)
			}
		})
	}
}

func TestConstructorsRefuse(t *testing.T) {
	user := func(map[any]any) string { return "" }
	scsUser := func(map[string]any) string { return "" }
	find := (&oldStore{}).records()
	sid := cookie.Cookie{Name: "sid"}
	for _, c := range []struct {
		name, want string
		make       func() (session.Migration, error)
	}{
		{"scs without user", "User", func() (session.Migration,
			error) {
			return migrate.SCS(migrate.SCSOptions{Records: find})
		}},
		{"scs without store", "Find", func() (session.Migration,
			error) {
			return migrate.SCS(migrate.SCSOptions{User: scsUser})
		}},
		{"scs with a negative lifetime", "Lifetime", func() (session.Migration, error) {
			return migrate.SCS(migrate.SCSOptions{User: scsUser, Records: find, Lifetime: -1})
		}},
		{"gorilla without user", "User", func() (session.Migration, error) {
			return migrate.Gorilla(migrate.GorillaOptions{Cookie: sid, KeyPairs: [][]byte{hashKey}})
		}},
		{"gorilla without name", "name", func() (session.Migration, error) {
			return migrate.Gorilla(migrate.GorillaOptions{User: user, KeyPairs: [][]byte{hashKey}})
		}},
		{"gorilla without keys", "KeyPairs", func() (session.Migration, error) {
			return migrate.Gorilla(migrate.GorillaOptions{User: user, Cookie: sid})
		}},
		{"gorilla with an empty hash key", "KeyPairs[2]", func() (session.Migration, error) {
			return migrate.Gorilla(migrate.GorillaOptions{User: user, Cookie: sid,
				KeyPairs: [][]byte{hashKey, nil, nil}})
		}},
		{"gorilla with a block key of 5 bytes", "KeyPairs[1]", func() (session.Migration, error) {
			return migrate.Gorilla(migrate.GorillaOptions{User: user, Cookie: sid,
				KeyPairs: [][]byte{hashKey, []byte("short")}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := c.make(); m != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	m := mustGorilla(t, migrate.GorillaOptions{KeyPairs: [][]byte{hashKey, blockKey}})
	for _, format := range []string{"%v", "%+v", "%s", "%q", "%#v"} {
		text := fmt.Sprintf(format, m)
		if strings.Contains(text, "hash key") || strings.Contains(text, fmt.Sprint(hashKey[0], " ", hashKey[1])) ||
			strings.Contains(text, "0x61, 0x20") {
			t.Errorf("%s prints a key: %s", format, text)
		}
	}
}

func FuzzGorilla(f *testing.F) {
	m := mustGorilla(f, migrate.GorillaOptions{KeyPairs: [][]byte{hashKey, nil, otherKey, blockKey}})
	good := secure{name: oldName, at: time.Now(), hash: hashKey, data: gobOf(f, map[any]any{"user": "ann"})}
	genuine := map[string]bool{good.value(f): true}
	f.Add(good.value(f))
	good.hash, good.block = otherKey, blockKey
	genuine[good.value(f)] = true
	f.Add(good.value(f))
	f.Add("MXxoZWxsb3w=")
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		old, err := m.Load(t.Context(), value)
		if err != nil || m.Check(value) != (old != nil) {
			t.Errorf("check and load disagree on %q: %v, %v", value, old, err)
		}
		if old != nil && !genuine[value] {
			t.Errorf("accepted a text that nobody has signed: %q", value)
		}
	})
}

func FuzzSCSToken(f *testing.F) {
	m := mustSCS(f, migrate.SCSOptions{Records: (&oldStore{}).records()})
	f.Add(token)
	f.Add(token + "=")
	f.Add("\n" + token)
	f.Fuzz(func(t *testing.T, value string) {
		b, err := base64.RawURLEncoding.DecodeString(value)
		if want := err == nil && len(b) == 32 &&
			base64.RawURLEncoding.EncodeToString(b) == value; m.Check(value) != want {
			t.Errorf("check %q: %v, want %v", value, !want, want)
		}
	})
}
