package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// sessions has the handlers.
type sessions struct {
	manager *session.Manager
	sites   func(host string) (*Site, func())
	replays *Replays
	closing context.Context
	past    historian
	shows   func(key string) bool // whether operators may see the values of a key
}

// entry is a session as the API shows it.
type entry struct {
	Handle    store.ID  `json:"handle"`
	User      string    `json:"user"`
	CreatedAt time.Time `json:"created_at"`
	LastSeen  time.Time `json:"last_seen"`
	ExpiresAt time.Time `json:"expires_at"`
	Remember  bool      `json:"remember"`
	Method    string    `json:"method,omitempty"` // by which the user proved last who they are
	Level     int       `json:"level,omitempty"`  // the highest one of the user's proofs
	Device    device    `json:"device"`
	Bound     *key      `json:"bound,omitempty"` // what binds it to its device, if anything does
}

// key is what binds a session to its device.
type key struct {
	Kind  string    `json:"key"`
	Since time.Time `json:"since"`
}

type device struct {
	Address   string `json:"address"`
	UserAgent string `json:"user_agent"`
	Label     string `json:"label"`
}

func newEntry(i session.Info) entry {
	e := entry{
		Handle: i.Handle, User: i.User, Remember: i.Remember, Method: i.Method, Level: i.Level,
		Device:    device(i.Device),
		CreatedAt: i.CreatedAt.UTC(), LastSeen: i.LastSeen.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
	if b, ok := bound.Of(i); ok {
		e.Bound = &key{b.Key, b.Since.UTC()}
	}
	return e
}

// Of a listing, as package store has them.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// parseValues reads the parameters of a listing, each of which may stand there once and has to say something.
func parseValues(raw string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fmt.Errorf("the query is malformed")
	}
	known := append([]string{"after", "limit"}, index.Names()...)
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("there is no parameter %.40q; those of a listing are %s", name,
				strings.Join(known, ", "))
		case len(given) > 1:
			return nil, fmt.Errorf("the parameter %s stands there %d times", name, len(given))
		case index.Blank(name, given[0]) && name != "after" && name != "limit":
			return nil, fmt.Errorf("%s is empty; without it the listing has more sessions", name)
		}
	}
	return values, nil
}

// parseQuery reads what a listing by the store is asked for.
func parseQuery(values url.Values) (q store.Query, err error) {
	if q.User = values.Get("user"); len(q.User) > session.MaxUserLen {
		return q, fmt.Errorf("user is longer than %d bytes", session.MaxUserLen)
	}
	if q.Limit, err = parseLimit(values.Get("limit")); err != nil {
		return q, err
	}
	if q.After, err = ParseCursor(values.Get("after")); err != nil {
		return q, errors.New(wrongAfter)
	}
	return q, nil
}

// withoutQuery refuses parameters where there are none: whoever sends one, such as what to keep, means something else.
func withoutQuery(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			badRequest("there are no parameters here: the path alone says what is meant").write(w)
			return
		}
		next(w, r)
	}
}

// handleOf returns the handle in a request's path. A false return means that the request was answered.
func handleOf(w http.ResponseWriter, r *http.Request) (store.ID, bool) {
	handle, err := store.ParseID(r.PathValue("handle"))
	if err != nil {
		badRequest("a handle is 22 characters of base64url").write(w)
	}
	return handle, err == nil
}

func (s sessions) end(w http.ResponseWriter, r *http.Request) {
	handle, ok := handleOf(w, r)
	if !ok {
		return
	}
	existed, err := s.manager.Revoke(r.Context(), handle)
	switch {
	case err != nil:
		unavailable.write(w)
	case !existed:
		noSession.write(w)
	default:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
	}
}

// endUser ends all sessions of a user, or all but one.
func (s sessions) endUser(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	if len(user) > session.MaxUserLen {
		badRequest(fmt.Sprintf("user is longer than %d bytes", session.MaxUserLen)).write(w)
		return
	}
	keep, err := kept(r.URL.RawQuery)
	if err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	ended, err := s.manager.RevokeUser(r.Context(), user, keep...)
	if err != nil {
		unavailable.write(w)
		return
	}
	answer(w, http.StatusOK, struct {
		Ended int `json:"ended"`
	}{ended})
}

// kept reads which session of a user is to stay: none without a query.
func kept(raw string) ([]store.ID, error) {
	if raw == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(raw, "keep=")
	handle, err := store.ParseID(text)
	if !ok || err != nil {
		return nil, fmt.Errorf("the only parameter here is keep, the handle of one session that stays")
	}
	return []store.ID{handle}, nil
}

// Everybody is the word that confirms that all sessions are to end.
const Everybody = "everybody"

// endEverybody takes no other parameter: whoever sends one, such as a user, means something else.
func (s sessions) endEverybody(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "confirm="+Everybody {
		badRequest("this ends the sessions of everybody, visitors included; to do so, send DELETE " +
			"/v1/sessions?confirm=" + Everybody).write(w)
		return
	}
	ended, known, err := EndEverybody(r.Context(), s.manager)
	if err != nil {
		unavailable.write(w)
		return
	}
	var done struct {
		Ended *int `json:"ended,omitempty"`
	}
	if known {
		done.Ended = &ended
	}
	answer(w, http.StatusOK, done)
}

// CountTime is how long a listing, or the end of all sessions, may wait to know how many there are.
const CountTime = time.Second

// EndEverybody ends all sessions that have begun, and returns how many those were if the store could tell in time.
func EndEverybody(ctx context.Context, m *session.Manager) (ended int, known bool, err error) {
	counting, cancel := context.WithTimeout(ctx, CountTime)
	defer cancel()
	ended, uncounted := m.Count(counting, "")
	return ended, uncounted == nil, m.RevokeBefore(ctx, time.Now())
}
