package shop

import (
	"context"
	"net/http"
	"sync"

	"golang.org/x/text/language"
)

func (s *shop) chooseTheme(w http.ResponseWriter, r *http.Request) {
	theme := r.FormValue("theme")
	if theme != "light" && theme != "dark" {
		s.say(w, r, http.StatusUnprocessableEntity, "What was that?", "Pages are light or dark.")
		return
	}
	s.chosen(w, r, s.kept.theme.Set(w, r, theme))
}

func (s *shop) chooseLanguage(w http.ResponseWriter, r *http.Request) {
	tag, err := language.Parse(r.FormValue("language"))
	if err != nil || tag != language.English && tag != language.German {
		s.say(w, r, http.StatusUnprocessableEntity, "What was that?", "Pages are in English or German.")
		return
	}
	s.chosen(w, r, s.kept.language.Set(w, r, tag))
}

func (s *shop) chosen(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	back(w, r)
}

// likes are the preferences of the demo's users, as a shop has them in its database. There are three users.
type likes struct {
	mu    sync.Mutex
	saved map[string]string
}

// LoadPreferences implements preference.Users.
func (l *likes) LoadPreferences(_ context.Context, user string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.saved[user], nil
}

// SavePreferences implements preference.Users.
func (l *likes) SavePreferences(_ context.Context, user, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saved == nil {
		l.saved = map[string]string{}
	}
	l.saved[user] = text
	return nil
}
