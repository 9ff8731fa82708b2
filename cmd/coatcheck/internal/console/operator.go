package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// Who returns the operator who makes a request, as they are now, or nil. It needs the requests of [Console.Handler].
func (c *Console) Who(r *http.Request) *operator.Operator {
	s := c.operators.From(r.Context())
	if !s.SignedIn() {
		return nil
	}
	o := c.opts.Operators.Find(s.User())
	if o == nil || !o.Role.May(operator.Look) {
		return nil
	}
	return o
}

// Current is Who for a request that lasts: nil once the operator's session has ended.
func (c *Console) Current(r *http.Request) *operator.Operator {
	o := c.Who(r)
	if o == nil || c.over(c.operators.From(r.Context()).Handle(), time.Now()) {
		return nil
	}
	return o
}

// restricted lets only operators through whose role allows an action, whatever their page shows. Who is no operator any
// more is signed out.
func (c *Console) restricted(a operator.Action, next http.Handler) http.Handler {
	signedIn := c.operators.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o := c.Who(r); !o.Role.May(a) {
			c.log.Warn("authz_fail", "operator", o.Name, "role", o.Role, "action", a, "path", r.URL.Path)
			c.say(w, r, http.StatusForbidden, message{"This is not yours to do",
				"Your role is " + string(o.Role) + ". Whoever runs this program can give you another one.", "/",
				"Go to the sessions"})
			return
		}
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := c.operators.From(r.Context()); s.SignedIn() && c.Who(r) == nil {
			if err := s.SignOut(); err != nil {
				c.log.Error("sign operator out", "error", err)
				http.Error(w, "You are no operator of this console any more.", http.StatusForbidden)
				return
			}
		}
		signedIn.ServeHTTP(w, r)
	})
}

// Dismiss ends an operator's sessions, and the streams of their pages. Sessions that began later than known stay: they
// were judged by what the roster knew by then.
func (c *Console) Dismiss(name string, known time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n := 0
	sessions, err := c.operators.List(ctx, name)
	for i := range sessions {
		if s := &sessions[i]; !s.CreatedAt.After(known) {
			_, e := c.operators.Revoke(ctx, s.Handle)
			err = errors.Join(err, e)
			n++
		}
	}
	c.log.Warn("operator_dismissed", "operator", name, "sessions", n, "error", err)
}

// acting notes for the log and the history who acts, and from where.
func (c *Console) acting(r *http.Request) context.Context {
	s := c.operators.From(r.Context())
	ctx := session.WithActorAddress(r.Context(), c.address(r))
	return session.WithActor(ctx, s.User(), "in console session "+s.Handle().String())
}

// address is that of an operator's browser.
func (c *Console) address(r *http.Request) string {
	return event.ClientAddress(r, c.operators.Options().TrustedProxies)
}
