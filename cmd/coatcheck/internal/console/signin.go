package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/session"
)

// A signInForm is the page for whoever is not signed in.
type signInForm struct {
	Problem  string // why the last attempt failed
	ByToken  bool   // whether there is a token to sign in with
	ReturnTo string
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request) {
	if secret := r.FormValue("link"); secret != "" && r.Method == http.MethodGet {
		c.signInByLink(w, r, secret)
		return
	}
	if c.Who(r) != nil {
		http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
		return
	}
	c.askToSignIn(w, r, http.StatusOK, "")
}

func (c *Console) askToSignIn(w http.ResponseWriter, r *http.Request, status int, problem string) {
	form := signInForm{
		Problem: problem, ByToken: c.opts.Token != "" || c.opts.Operators.HasTokens(),
		ReturnTo: session.ReturnTo(r, "/"),
	}
	c.show(w, r, status, "sign-in", "Sign in", form)
}

var linkProblems = map[operator.LinkState]string{
	operator.LinkGood:    "This link is for somebody who is no operator of this console any more.",
	operator.LinkUnknown: "This link is unknown, or was made long ago.",
	operator.LinkUsed:    "This link has already been used. A link works once.",
	operator.LinkExpired: "This link has expired. A link works for 10 minutes.",
}

// signInByLink uses up a link. It answers with a page that leads on, and not with a redirect: if the link was opened on
// another site, such as web mail, the redirect would count as that site's request too, and lack the SameSite=Strict
// cookie.
func (c *Console) signInByLink(w http.ResponseWriter, r *http.Request, secret string) {
	if ahead(r) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if c.operators.From(r.Context()).CookieProblem() != nil {
		c.askToSignIn(w, r, http.StatusForbidden, "") // the link stays good
		return
	}
	name, state, err := c.opts.Operators.Redeem(secret, time.Now())
	if err != nil {
		c.log.Error("use a sign-in link", "error", err)
		http.Error(w, "The console could not use this link. The log says why.", http.StatusInternalServerError)
		return
	}
	o := c.opts.Operators.Find(name)
	switch {
	case o != nil && len(o.Passkeys) > 0 && o.Role.May(operator.Look):
		if c.mustShowPasskey(w, r, o, "link") {
			c.show(w, r, http.StatusOK, "signed-in", "Sign in", onward{"/sign-in/passkey", "Show your passkey"})
		}
		return
	case o != nil && o.Role.May(operator.Look):
		if !c.signInOperator(w, r, o, "link") {
			return
		}
	case c.Who(r) == nil:
		c.refuse(r, name, linkProblems[state])
		c.askToSignIn(w, r, http.StatusGone, linkProblems[state])
		return
	}
	c.show(w, r, http.StatusOK, "signed-in", "Signed in", onward{"/", "Go to the sessions"})
}

// An onward page leads on by itself.
type onward struct {
	To, Label string
}

// ahead reports whether a browser fetches the page before its visitor has asked for it, and so would use a link up for
// nobody. Chromium and Firefox say so in Sec-Purpose (Fetch, section 3.3.5), Safari and older ones in the others.
func ahead(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// signInOperator makes the visitor an operator, unless the one they have shown to be has lost something since they were
// found. Whoever loses it later is dismissed: see [Console.Dismiss].
func (c *Console) signInOperator(w http.ResponseWriter, r *http.Request, o *operator.Operator, method string) bool {
	err := c.operators.From(r.Context()).SignIn(o.Name, session.By(method))
	if errors.Is(err, session.ErrPlainHTTP) {
		c.askToSignIn(w, r, http.StatusForbidden, "") // which says why
		return false
	}
	if err != nil {
		c.log.Error("sign operator in", "error", err)
		http.Error(w, "The console could not sign you in. The log says why.", http.StatusInternalServerError)
		return false
	}
	c.opts.Operators.Refresh()
	if !c.opts.Operators.Keeps(o) {
		c.refuse(r, o.Name, changed)
		return c.signOutAgain(w, r)
	}
	c.log.Warn("operator_signed_in", "operator", o.Name, "role", o.Role, // that all may know, whatever is logged
		"address", c.address(r), "by", method, "session", c.operators.From(r.Context()).Handle())
	return true
}

// changed is why a sign-in that had begun well ends.
const changed = "Something has changed. Please begin again."

// signOutAgain ends a session that has just begun, and returns false.
func (c *Console) signOutAgain(w http.ResponseWriter, r *http.Request) bool {
	if err := c.operators.From(r.Context()).SignOut(); err != nil {
		c.log.Error("sign operator out", "error", err)
		http.Error(w, "The console could not sign you in. The log says why.", http.StatusInternalServerError)
		return false
	}
	c.askToSignIn(w, r, http.StatusUnauthorized, changed)
	return false
}

func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	o, problem := c.byToken(strings.TrimSpace(r.PostForm.Get("token")))
	if problem != "" {
		c.refuse(r, "", problem)
		c.askToSignIn(w, r, http.StatusUnauthorized, problem)
		return
	}
	if len(o.Passkeys) > 0 {
		if c.mustShowPasskey(w, r, o, "token") {
			http.Redirect(w, r, "/sign-in/passkey", http.StatusSeeOther)
		}
		return
	}
	if c.signInOperator(w, r, o, "token") {
		http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
	}
}

// byToken returns the operator whose token it is, or why there is none.
func (c *Console) byToken(token string) (_ *operator.Operator, problem string) {
	given, wanted := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(c.opts.Token))
	if c.opts.Token != "" && subtle.ConstantTimeCompare(given[:], wanted[:]) == 1 {
		return c.opts.Operators.Find(operator.Owner), ""
	}
	switch o := c.opts.Operators.ByToken(token); {
	case o == nil:
		return nil, "That is not the token."
	case !o.Role.May(operator.Look):
		return nil, "This token is for the role " + string(o.Role) + ", which has no console."
	default:
		return o, ""
	}
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	if err := c.operators.From(r.Context()).SignOut(); err != nil {
		c.log.Error("sign operator out", "error", err)
		http.Error(w, "The console could not sign you out. The log says why.", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}
