package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// check reports what is wrong with the orders for this session, as far as that is known before anything is done.
func (o *orders) check(s *session.Session, limits *session.Options) error {
	if len(o.changes) == 0 {
		return nil
	}
	if err := limits.Fits(o.after(s)); err != nil {
		return &fault{headerSet, "over the limit of a session: " + err.Error()}
	}
	return nil
}

// after returns what the session's data would be. While nobody is signed in it counts every value, although sign-in may
// leave some behind: only the session knows which.
func (o *orders) after(s *session.Session) store.Data {
	var changes []store.Change
	if o.keepsValues(s) {
		for key, value := range s.Values() {
			changes = append(changes, store.Change{Key: key, Value: store.Value{JSON: string(value)}})
		}
	}
	for _, c := range o.changes {
		value := store.Value{JSON: string(c.value)}
		changes = append(changes, store.Change{Key: c.key, Value: value, Delete: c.value == nil})
	}
	return store.Data{}.With(changes...)
}

// keepsValues reports whether the session may keep values that it has now.
func (o *orders) keepsValues(s *session.Session) bool {
	if o.signOut == signOutThis || o.signOut == signOutAll {
		return false
	}
	return o.signIn == nil || !s.SignedIn() || o.signIn.user == s.User()
}

// obey does what the app asks for. An error means that the store could not do it, or cannot tell. What was done before
// stays done, and nobody was told that the rest was.
func (o *orders) obey(
	ctx context.Context, sessions *session.Manager, s *session.Session, res *http.Response,
) error {
	if err := o.obeySignOut(ctx, sessions, s); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	if o.signIn != nil {
		if err := s.SignIn(o.signIn.user, o.signIn.options()...); err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
	}
	for _, c := range o.changes {
		if err := c.obey(s); err != nil {
			return fmt.Errorf("set or delete a value: %w", err)
		}
	}
	if err := handOver(s, res); err != nil {
		return fmt.Errorf("hand over values: %w", err)
	}
	if err := s.Save(); err != nil {
		return fmt.Errorf("save the session: %w", err)
	}
	return nil
}

// handOver lets values go along with a redirect to a page of this site, if the browser kept its cookie back.
func handOver(s *session.Session, res *http.Response) error {
	to := res.Header.Get("Location")
	if res.StatusCode < 300 || res.StatusCode > 399 || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		return nil
	}
	with, err := s.HandOver(to)
	if err == nil && with != to {
		res.Header.Set("Location", with)
	}
	return err
}

func (o *orders) obeySignOut(ctx context.Context, sessions *session.Manager, s *session.Session) error {
	user := s.User()
	if o.signIn != nil {
		user = o.signIn.user
	}
	if user != "" && (o.signOut == signOutOthers || o.signOut == signOutAll) {
		ctx := session.WithActor(ctx, user, "signed out from another session")
		if _, err := sessions.RevokeUser(ctx, user, s.Handle()); err != nil {
			return err
		}
	}
	if o.signOut == signOutThis || o.signOut == signOutAll {
		return s.SignOut()
	}
	return nil
}

func (in *signIn) options() []session.SignInOption {
	var options []session.SignInOption
	if in.remember {
		options = append(options, session.Remember)
	}
	if in.method != "" {
		options = append(options, session.By(in.method))
	}
	if in.level != 0 {
		options = append(options, session.Level(in.level))
	}
	return options
}

func (c *change) obey(s *session.Session) error {
	var options []session.KeyOption
	if c.carry {
		options = append(options, session.Carry)
	}
	key := session.NewKey[json.RawMessage](c.key, options...)
	if c.value == nil {
		return key.Delete(s)
	}
	return key.Set(s, c.value)
}

// tellSets tells the keys of the values that are set.
func (o *orders) tellSets(tell func(key string)) {
	for _, c := range o.changes {
		if c.value != nil {
			tell(c.key)
		}
	}
}
