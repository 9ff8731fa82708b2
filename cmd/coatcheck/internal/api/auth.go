package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// An auth knows who may use the API.
type auth struct {
	enabled   bool // whether there is a token
	token     [sha256.Size]byte
	keys      *appkey.Ring
	operators *operator.Roster
	signedIn  func(*http.Request) *operator.Operator
	proxies   []netip.Prefix // in front, who say from where a caller comes
}

func newAuth(o Options) *auth {
	return &auth{
		o.Token != "", sha256.Sum256([]byte(o.Token)), o.Keys, o.Operators, o.SignedIn,
		o.Sessions.Options().TrustedProxies,
	}
}

// A caller is who uses the API: a service with a key, or an operator.
type caller struct {
	name     string      // tells callers apart
	key      *appkey.Key // of a service; nil for an operator
	operator *operator.Operator
	good     func(*http.Request) bool // whether they still are who they were when the request began
}

// may reports whether the caller may use a route: a service by the scopes of its key, an operator by their role.
func (c *caller) may(scope appkey.Scope, method string, r *http.Request) bool {
	if c.key != nil {
		return c.key.Allows(scope)
	}
	return c.operator.Role.May(operator.Needs(method + " " + r.Pattern))
}

// admin reports whether the caller may do what only the scope admin has.
func (c *caller) admin() bool {
	return c.key != nil && c.key.Allows(appkey.Admin) || c.key == nil && c.operator.Role.May(operator.EndMany)
}

// callerKey is that of the caller in a request's context.
type callerKey struct{}

func callerOf(ctx context.Context) *caller { return ctx.Value(callerKey{}).(*caller) }

// require answers everybody else with 401. The challenge names an error only if a token was sent (RFC 6750, section 3).
func (a *auth) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, sent := bearer(r)
		who := a.identify(token)
		switch {
		case who != nil && who.operator != nil && len(who.operator.Passkeys) > 0:
			tokenAlone.write(w)
		case who != nil:
			a.admit(next, w, r, who, "by token")
		case sent:
			w.Header().Set("WWW-Authenticate", `Bearer realm="coatcheck", error="invalid_token"`)
			wrongToken.write(w)
		default:
			o := a.signedIn(r)
			if o == nil {
				w.Header().Set("WWW-Authenticate", `Bearer realm="coatcheck"`)
				noToken.write(w)
				return
			}
			still := func(r *http.Request) bool { return a.signedIn(r) != nil }
			a.admit(next, w, r, &caller{name: o.Name, operator: o, good: still}, "by console session")
		}
	})
}

// admit lets a request through. What it ends is said to be the caller's act.
func (a *auth) admit(next http.Handler, w http.ResponseWriter, r *http.Request, who *caller, reason string) {
	if who.key != nil {
		reason = "by app key"
		if who.key.Label != "" {
			reason += " of " + who.key.Label
		}
	}
	ctx := session.WithActor(r.Context(), who.name, reason)
	ctx = session.WithActorAddress(ctx, event.ClientAddress(r, a.proxies))
	next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, callerKey{}, who)))
}

// identify returns who presents a token, or nil. It compares hashes, so that its time tells nothing of the token, its
// length included.
func (a *auth) identify(token string) *caller {
	if token == "" {
		return nil
	}
	if k := a.keys.Find(token); k != nil {
		return &caller{"app-key " + k.ID, k, nil, func(*http.Request) bool { return a.keys.Has(k.ID) }}
	}
	if o := a.operators.ByToken(token); o != nil {
		return a.operator(o)
	}
	hash := sha256.Sum256([]byte(token))
	if a.enabled && subtle.ConstantTimeCompare(hash[:], a.token[:]) == 1 {
		return a.operator(a.operators.Find(operator.Owner))
	}
	return nil
}

// operator is the caller who has an operator's token.
func (a *auth) operator(o *operator.Operator) *caller {
	return &caller{o.Name, nil, o, func(*http.Request) bool { return a.operators.Keeps(o) }}
}

// bearer returns the token that a request presents. Several Authorization headers are one wrong token, because no two
// readers agree on which of them counts.
func bearer(r *http.Request) (token string, sent bool) {
	lines := r.Header["Authorization"]
	if len(lines) > 1 {
		return "", true
	}
	if len(lines) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(lines[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}
