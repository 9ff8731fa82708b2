package shop

import (
	"errors"
	"net/http"

	"coatcheck.dev/session"
)

func (s *shop) showSignIn(w http.ResponseWriter, r *http.Request) {
	if session.From(r.Context()).SignedIn() {
		back(w, r)
		return
	}
	s.signInPage(w, r, http.StatusOK, "")
}

func (s *shop) signIn(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("user")
	if !checkPassword(user, r.PostFormValue("password")) {
		s.signInPage(w, r, http.StatusUnauthorized, "That name and password do not match.")
		return
	}
	options := []session.SignInOption{session.By("password")}
	if r.PostFormValue("remember") != "" {
		options = append(options, session.Remember)
	}
	err := session.From(r.Context()).SignIn(user, options...)
	if errors.Is(err, session.ErrPlainHTTP) {
		s.signInPage(w, r, http.StatusForbidden, "") // which says why
		return
	}
	if err == nil {
		err = s.kept.preferences.Merge(w, r, user)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	back(w, r)
}

func (s *shop) signOut(w http.ResponseWriter, r *http.Request) {
	if err := session.From(r.Context()).SignOut(); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *shop) signInPage(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	s.show(w, r, status, "login", "Sign in", struct{ Name, Wrong, ReturnTo string }{
		r.PostFormValue("user"), wrong, session.ReturnTo(r, "/"),
	})
}
