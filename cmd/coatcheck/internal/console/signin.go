package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

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
	if c.SignedIn(r) {
		http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
		return
	}
	c.askToSignIn(w, r, http.StatusOK, "")
}

func (c *Console) askToSignIn(w http.ResponseWriter, r *http.Request, status int, problem string) {
	form := signInForm{Problem: problem, ByToken: c.opts.Token != "", ReturnTo: session.ReturnTo(r, "/")}
	c.show(w, r, status, "sign-in", "Sign in", form)
}

var linkProblems = map[linkState]string{
	linkUnknown: "This link is unknown. The program may have restarted after it was made.",
	linkUsed:    "This link has already been used. A link works once.",
	linkExpired: "This link has expired. A link works for 10 minutes.",
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
	if state := c.links.redeem(secret, time.Now()); state != linkGood && !c.SignedIn(r) {
		c.log.Warn("authn_login_fail", "address", r.RemoteAddr, "reason", linkProblems[state])
		c.askToSignIn(w, r, http.StatusGone, linkProblems[state])
		return
	}
	if !c.SignedIn(r) && !c.signInOperator(w, r, "link") {
		return
	}
	c.show(w, r, http.StatusOK, "signed-in", "Signed in", nil)
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

// signInOperator makes the visitor an operator.
func (c *Console) signInOperator(w http.ResponseWriter, r *http.Request, method string) bool {
	err := c.operators.From(r.Context()).SignIn("operator", session.By(method))
	if errors.Is(err, session.ErrPlainHTTP) {
		c.askToSignIn(w, r, http.StatusForbidden, "") // which says why
		return false
	}
	if err != nil {
		c.log.Error("sign operator in", "error", err)
		http.Error(w, "The console could not sign you in. The log says why.", http.StatusInternalServerError)
		return false
	}
	c.log.Warn("operator_signed_in", "address", r.RemoteAddr, "by", method, // that all may know, whatever is logged
		"session", c.operators.From(r.Context()).Handle())
	return true
}

func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.malformed(w, r, "The form could not be read.")
		return
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(r.PostForm.Get("token"))))
	wanted := sha256.Sum256([]byte(c.opts.Token))
	if c.opts.Token == "" || subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		c.log.Warn("authn_login_fail", "address", r.RemoteAddr, "reason", "wrong token")
		c.askToSignIn(w, r, http.StatusUnauthorized, "That is not the token.")
		return
	}
	if c.signInOperator(w, r, "token") {
		http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
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
