package console

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
)

// byGate is the method of sign-ins that another gate vouches for.
const byGate = "gate"

// behindGate signs in whom another gate names, if it may and the name is an operator's. Their session lasts for as long
// as the gate names them: without the header, or with another name, it ends. Nobody else's header counts.
func (c *Console) behindGate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := c.named(r)
		r.Header.Del(identity.User)
		if len(c.opts.TrustUserFrom) == 0 || strings.HasPrefix(r.URL.Path, "/assets/") {
			next.ServeHTTP(w, r) // without a look at the session, so that browsers may keep assets
			return
		}
		s := c.operators.From(r.Context())
		if s.SignedIn() && c.vouched(r) && s.User() != name {
			if err := s.SignOut(); err != nil {
				c.log.Error("sign operator out", "error", err)
				http.Error(w, "You are not who the gate says that you are.", http.StatusForbidden)
				return
			}
		}
		if o := c.opts.Operators.Find(name); o != nil && c.admits(r, o) {
			if !c.admitNamed(w, r, o) {
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// named is the user whom a gate names that is trusted; "" if there is none.
func (c *Console) named(r *http.Request) string {
	lines := r.Header[identity.User]
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || len(lines) != 1 {
		return ""
	}
	trusted := func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap().WithZone("")) }
	if !slices.ContainsFunc(c.opts.TrustUserFrom, trusted) {
		return ""
	}
	return lines[0]
}

// vouched reports whether a gate has signed the operator of a request in.
func (c *Console) vouched(r *http.Request) bool {
	proofs := c.operators.From(r.Context()).Auth()
	return len(proofs) > 0 && strings.HasPrefix(proofs[len(proofs)-1].Method, byGate)
}

// admits reports whether a request is one for a page, by which an operator whom a gate names comes in. On the way out
// they stay out.
func (c *Console) admits(r *http.Request, o *operator.Operator) bool {
	return c.Who(r) == nil && o.Role.May(operator.Look) && r.Method == http.MethodGet &&
		strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.URL.Path, "/sign-in")
}

// admitNamed signs in whom a gate names, or leads to the passkey. A false return means that the request was answered.
func (c *Console) admitNamed(w http.ResponseWriter, r *http.Request, o *operator.Operator) bool {
	if len(o.Passkeys) == 0 {
		return c.signInOperator(w, r, o, byGate)
	}
	if c.mustShowPasskey(w, r, o, byGate) {
		http.Redirect(w, r, "/sign-in/passkey", http.StatusSeeOther)
	}
	return false
}
