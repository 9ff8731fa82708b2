package session

import (
	"net/http"
	"net/url"
	"strings"
)

// Require lets only requests of signed-in users through to next. Others are sent to Options.SignInPath if they come
// from a browser that asks for a page, and get 401 otherwise. It belongs inside [Manager.Handler].
func (m *Manager) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch s := m.From(r.Context()); {
		case s.SignedIn():
			next.ServeHTTP(w, r)
		case s.Unknown():
			m.refuse(w, r, ErrUnavailable)
		default:
			m.askToSignIn(w, r)
		}
	})
}

func (m *Manager) askToSignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // the answer changes as soon as the visitor signs in
	page := (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
	if page && m.opts.SignInPath != "" {
		and := "?"
		if strings.Contains(m.opts.SignInPath, "?") {
			and = "&"
		}
		http.Redirect(w, r, m.opts.SignInPath+and+"return_to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", "Cookie") // RFC 9110, section 15.5.2: a 401 names a scheme
	http.Error(w, "Please sign in.", http.StatusUnauthorized)
}

// ReturnTo returns the page that [Manager.Require] noted for after sign-in, from the form or query value return_to,
// or fallback if there is none. Only paths on this site are accepted, so that nobody can be led elsewhere (ASVS
// 3.7.2).
func ReturnTo(r *http.Request, fallback string) string {
	if path := r.FormValue("return_to"); localPath(path) {
		return path
	}
	return fallback
}

// localPath reports whether a browser takes the text for a path on the same site: one slash, not followed by another
// one, and no backslash or control character, which browsers turn into a slash or leave out (WHATWG URL).
func localPath(path string) bool {
	if len(path) == 0 || path[0] != '/' || strings.HasPrefix(path, "//") {
		return false
	}
	for i := 0; i < len(path); i++ {
		if c := path[i]; c < ' ' || c == '\\' || c == 0x7f {
			return false
		}
	}
	_, err := url.ParseRequestURI(path)
	return err == nil
}
