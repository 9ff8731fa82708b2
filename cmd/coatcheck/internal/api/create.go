package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// An authentication is what a service says of a user who has proved who they are.
type authentication struct {
	Remember bool      `json:"remember"`
	By       string    `json:"by"`
	Level    int       `json:"level"`
	Until    time.Time `json:"until"`
}

// The levels: of a proof of which nothing more is said, and the highest.
const (
	plainLevel = 1
	maxLevel   = 99
)

func (in *authentication) check() error {
	switch {
	case in.By != "" && session.CheckKey(in.By) != nil:
		return fmt.Errorf("by has 1 to %d letters, digits, dots, hyphens or underscores", session.MaxKeyLen)
	case in.Level < plainLevel || in.Level > maxLevel:
		return fmt.Errorf("level is a number from %d to %d", plainLevel, maxLevel)
	case !in.Until.IsZero() && !in.Until.After(time.Now()):
		return fmt.Errorf("until is over already")
	}
	return nil
}

func (in *authentication) options() []session.SignInOption {
	options := []session.SignInOption{session.Until(in.Until), session.Level(in.Level)}
	if in.Remember {
		options = append(options, session.Remember)
	}
	if in.By != "" {
		options = append(options, session.By(in.By))
	}
	return options
}

// A creation asks for a session of a user.
type creation struct {
	guest
	authentication
	User   string                     `json:"user"`
	Data   map[string]json.RawMessage `json:"data"`
	Bearer bool                       `json:"bearer"` // the new ticket is no cookie
}

// A begun session is the answer to a creation and to a step-up.
type begun struct {
	Handle    string    `json:"handle"`
	User      string    `json:"user"`
	ExpiresAt time.Time `json:"expires_at"`
	left
	passed
}

func begunOf(s *session.Session) begun {
	info, _ := s.Info()
	return begun{
		Handle: info.Handle.String(), User: info.User,
		ExpiresAt: info.ExpiresAt.UTC().Truncate(time.Microsecond), left: leftOf(s), // as the store keeps it
	}
}

// create begins a session. The visitor's own, if they have one, is over then, and the values that it was to carry over
// are in the new one.
func (s sessions) create(w http.ResponseWriter, r *http.Request) {
	asked := creation{authentication: authentication{Level: plainLevel}}
	text, ok := readBody(w, r, maxDataBody, &asked)
	if !ok {
		return
	}
	s.replays.once(w, r, text, func(w http.ResponseWriter, r *http.Request) { s.begin(w, r, &asked) })
}

func (s sessions) begin(w http.ResponseWriter, r *http.Request, asked *creation) {
	site, done, ok := s.at(w, &asked.guest)
	if !ok {
		return
	}
	defer done()
	if err := asked.check(site.Sessions); err != nil {
		failureOf(err).write(w)
		return
	}
	var is begun
	bearer := asked.Bearer || asked.Ticket != nil
	told, err := s.visit(r.Context(), site, &asked.guest, bearer, func(visitor *session.Session) error {
		if err := visitor.CookieProblem(); err != nil {
			return badRequest(err.Error())
		}
		if err := visitor.SignIn(asked.User, asked.options()...); err != nil {
			return err
		}
		if err := asked.store(visitor); err != nil {
			_ = visitor.SignOut() // nobody has its ticket
			return err
		}
		is = begunOf(visitor)
		return nil
	})
	if err != nil {
		failureOf(err).write(w)
		return
	}
	is.passed = told
	answer(w, http.StatusCreated, is)
}

// check reports what is wrong with a creation beyond its visitor, as far as that is known before anything is done.
func (c *creation) check(m *session.Manager) error {
	if err := session.CheckUser(c.User); err != nil {
		return badRequest(err.Error())
	}
	if err := c.authentication.check(); err != nil {
		return badRequest(err.Error())
	}
	if c.Cookie != nil && c.Bearer {
		return badRequest("cookie and bearer: the new ticket travels as the old one did")
	}
	return fits(m, c.Data)
}

// store puts the data into the new session.
func (c *creation) store(s *session.Session) error {
	for key, value := range c.Data {
		if err := session.NewKey[json.RawMessage](key).Set(s, value); err != nil {
			return err
		}
	}
	return s.Save()
}

// fits reports what is wrong with values that are to be set where there are none.
func fits(m *session.Manager, set map[string]json.RawMessage) error {
	o := m.Options()
	var changes []store.Change
	for key, value := range set {
		if err := checkKey(&o, key); err != nil {
			return err
		}
		changes = append(changes, store.Change{Key: key, Value: store.Value{JSON: string(value)}})
	}
	return o.Fits(store.Data{}.With(changes...))
}

func checkKey(o *session.Options, key string) error {
	if session.CheckKey(key) != nil {
		return badRequest(fmt.Sprintf("a key of data has 1 to %d letters, digits, dots, hyphens or underscores",
			session.MaxKeyLen))
	}
	if o.CheckKey != nil {
		if err := o.CheckKey(key); err != nil {
			return badRequest(err.Error())
		}
	}
	return nil
}

// stepUp notes that the user of a session has proved again who they are.
func (s sessions) stepUp(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		guest
		By    string    `json:"by"`
		Level int       `json:"level"`
		Until time.Time `json:"until"`
	}
	asked.Level = plainLevel
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	site, done, ok := s.at(w, &asked.guest)
	if !ok {
		return
	}
	defer done()
	in := authentication{By: asked.By, Level: asked.Level, Until: asked.Until}
	if err := in.check(); err != nil {
		badRequest(err.Error()).write(w)
		return
	}
	var is begun
	told, err := s.visit(r.Context(), site, &asked.guest, asked.Ticket != nil, func(visitor *session.Session) error {
		if visitor.Unknown() {
			return errUnknown
		}
		if err := visitor.StepUp(in.options()...); err != nil {
			return err
		}
		is = begunOf(visitor)
		return nil
	})
	if err != nil {
		failureOf(err).write(w)
		return
	}
	is.passed = told
	answer(w, http.StatusOK, is)
}
