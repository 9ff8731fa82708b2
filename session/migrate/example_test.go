package migrate_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/store/memory"
)

// A visitor comes with the cookie of scs, and is signed in. With a database it is Records: migrate.SQLite(db,
// "sessions").
func ExampleSCS() {
	var data bytes.Buffer // what scs has stored
	gob.NewEncoder(&data).Encode(struct {
		Deadline time.Time
		Values   map[string]any
	}{time.Now().Add(time.Hour), map[string]any{"userID": "ann", "theme": "dark"}})
	old := map[string][]byte{"W3sVJb6ZD8nbUyyPuyQFVGd4qHkAhK5GV5xvvk7yMkg": data.Bytes()}

	theme := session.NewKey[string]("theme")
	from, err := migrate.SCS(migrate.SCSOptions{
		Records: migrate.Records{
			Find:   func(_ context.Context, key string) ([]byte, bool, error) { b, ok := old[key]; return b, ok, nil },
			Delete: func(_ context.Context, key string) error { delete(old, key); return nil },
		},
		User: func(old map[string]any) string { user, _ := old["userID"].(string); return user },
		Values: func(s *session.Session, old map[string]any) error {
			text, _ := old["theme"].(string)
			return theme.Set(s, text)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sessions := session.New(memory.New(), session.Options{Migrate: from})
	site := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		fmt.Fprintf(w, "%s likes it %s", s.User(), theme.Get(s))
	}))

	r := httptest.NewRequest(http.MethodGet, "https://shop.example/", nil)
	r.Header.Set("Cookie", "session=W3sVJb6ZD8nbUyyPuyQFVGd4qHkAhK5GV5xvvk7yMkg")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Body)
	for _, c := range w.Result().Cookies() {
		fmt.Println(c.Name, "deleted:", c.MaxAge < 0)
	}
	fmt.Println(len(old), "old sessions left")
	// Output:
	// ann likes it dark
	// session deleted: true
	// __Host-session deleted: false
	// 0 old sessions left
}

// The keys are those that the CookieStore was made with.
func ExampleGorilla() {
	hashKey, blockKey := []byte("32 or 64 bytes of the old secret"), []byte("16, 24 or 32 b. ")
	from, err := migrate.Gorilla(migrate.GorillaOptions{
		Cookie:   cookie.Cookie{Name: "shop", Domain: "shop.example"},
		KeyPairs: [][]byte{hashKey, blockKey},
		User:     func(old map[any]any) string { user, _ := old["userID"].(string); return user },
	})
	fmt.Println(from, err)
	// Output: [migration from gorilla/sessions, cookie "shop"] <nil>
}
