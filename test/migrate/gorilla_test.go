package migrate_test

import (
	"crypto/sha512"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
)

var (
	hashKey  = securecookie.GenerateRandomKey(64)
	blockKey = securecookie.GenerateRandomKey(32)
	nextKey  = securecookie.GenerateRandomKey(32)
)

// oldGorilla is a site as gorilla's own documentation builds it.
func oldGorilla(st sessions.Store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		s, _ := st.Get(r, "shop")
		s.Values["userID"], s.Values["cart"] = r.FormValue("user"), []item{{"tea", 2}}
		s.Values[7] = "keys need not be text"
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		s, err := st.Get(r, "shop")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		user, _ := s.Values["userID"].(string)
		items, _ := s.Values["cart"].([]item)
		answer(w, user, items)
	})
	return mux
}

func fromGorilla(t *testing.T, o migrate.GorillaOptions) session.Migration {
	t.Helper()
	o.Cookie.Name = "shop"
	o.User = func(old map[any]any) string { user, _ := old["userID"].(string); return user }
	o.Values = func(s *session.Session, old map[any]any) error { return cart.Set(s, old["cart"].([]item)) }
	from, err := migrate.Gorilla(o)
	if err != nil {
		t.Fatal(err)
	}
	return from
}

func noRecords() int { return 0 }

func TestGorillaCookieStore(t *testing.T) {
	for _, c := range []struct {
		name string
		old  [][]byte
		keys [][]byte // that Coatcheck is told
	}{
		{"signed", [][]byte{hashKey}, [][]byte{hashKey}},
		{"signed and encrypted", [][]byte{hashKey, blockKey}, [][]byte{hashKey, blockKey}},
		{"by an older pair", [][]byte{hashKey, blockKey}, [][]byte{nextKey, nil, hashKey, blockKey}},
	} {
		t.Run(c.name, func(t *testing.T) {
			moves(t, oldGorilla(sessions.NewCookieStore(c.old...)),
				fromGorilla(t, migrate.GorillaOptions{KeyPairs: c.keys}), noRecords)
		})
	}
}

// A store that was configured beyond its keys.
func TestGorillaConfigured(t *testing.T) {
	st := sessions.NewCookieStore(hashKey, blockKey)
	st.MaxAge(3600)
	for _, codec := range st.Codecs {
		codec.(*securecookie.SecureCookie).HashFunc(sha512.New512_256)
	}
	from := fromGorilla(t,
		migrate.GorillaOptions{KeyPairs: [][]byte{hashKey, blockKey}, MaxAge: time.Hour, Hash: sha512.New512_256})
	moves(t, oldGorilla(st), from, noRecords)
}

func TestGorillaWrongKey(t *testing.T) {
	s := newSite(t, oldGorilla(sessions.NewCookieStore(hashKey)))
	ann := s.browser()
	ann.get("/sign-in?user=ann")
	s.change(fromGorilla(t, migrate.GorillaOptions{KeyPairs: [][]byte{nextKey}}))
	ann.says("with another key", nobody)
}

func TestGorillaFilesystemStore(t *testing.T) {
	folder := t.TempDir()
	st := sessions.NewFilesystemStore(folder, hashKey, blockKey)
	files := func() int {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Error(err)
		}
		return len(entries)
	}
	from := fromGorilla(t, migrate.GorillaOptions{KeyPairs: [][]byte{hashKey, blockKey}, Files: folder})
	moves(t, oldGorilla(st), from, files)
}
