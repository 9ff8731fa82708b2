package session

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/internal/defaultstatus"
	"coatcheck.dev/internal/wrapped"
	"coatcheck.dev/store"
)

// Require lets only requests of signed-in users through to next. Others are sent to Options.SignInPath if they come
// from a browser that asks for a page, htmx included, and get 401 otherwise: in JSON if they accept that, with the
// challenge of RFC 6750 if they are bearer clients. Options.Denied replaces that. It belongs inside [Manager.Handler].
func (m *Manager) Require(next http.Handler) http.Handler {
	wrapped.MustBe(next, "session: Require")
	calls := callers(shallow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch s := m.guarded(r.Context(), calls); {
		case s.SignedIn():
			next.ServeHTTP(w, r)
		case s.Unknown():
			m.refuse(w, r, ErrUnavailable)
		default:
			m.askToSignIn(w, r, s.bearer)
		}
	})
}

// RequireRecent lets only requests of users through who proved who they are within the last d, for what is worth
// asking again: a change of email address or password, a payment (ASVS 7.5.1). Others are asked to sign in, as by
// [Manager.Require].
func (m *Manager) RequireRecent(d time.Duration, next http.Handler) http.Handler {
	return m.requireAuth(next, func(a store.Auth) bool { return m.store.Now().Sub(a.At) < d })
}

// RequireLevel lets only requests of users through who proved who they are at this level or a higher one (ASVS 7.5.3).
func (m *Manager) RequireLevel(level int, next http.Handler) http.Handler {
	return m.requireAuth(next, func(a store.Auth) bool { return a.Level >= level })
}

func (m *Manager) requireAuth(next http.Handler, enough func(store.Auth) bool) http.Handler {
	wrapped.MustBe(next, "session: RequireRecent or RequireLevel")
	calls := callers(shallow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.guarded(r.Context(), calls)
		if s.Unknown() {
			m.refuse(w, r, ErrUnavailable)
			return
		}
		if s.SignedIn() && slices.ContainsFunc(s.Auth(), enough) {
			next.ServeHTTP(w, r)
			return
		}
		m.askToSignIn(w, r, s.bearer)
	})
}

func (m *Manager) askToSignIn(w http.ResponseWriter, r *http.Request, bearer bool) {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // the answer changes as soon as the visitor signs in
	page := (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
	htmx := r.Header.Get("HX-Request") == "true"
	switch {
	case m.opts.SignInPath == "":
	case htmx:
		header.Set("HX-Redirect", m.signInFrom(htmxPage(r)))
	case page:
		http.Redirect(w, r, m.signInFrom(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	header.Set("WWW-Authenticate", challenge(bearer, r)) // RFC 9110, section 15.5.2
	if m.opts.Denied != nil {
		m.opts.Denied.ServeHTTP(defaultstatus.Writer(w, http.StatusUnauthorized), r)
		return
	}
	if accept := r.Header.Get("Accept"); strings.Contains(accept, "json") && !strings.Contains(accept, "text/html") {
		header.Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"Please sign in."}`+"\n")
		return
	}
	http.Error(w, "Please sign in.", http.StatusUnauthorized)
}

// maxBack bounds the page that the address of the sign-in page names, in bytes as they stand there: many servers and
// proxies take no address beyond 8 KB, nor answers with such a header.
const maxBack = 4 << 10

// signInFrom returns the address of the page to sign in at, which leads back to a page of this site, or to none.
func (m *Manager) signInFrom(back string) string {
	back = url.QueryEscape(back)
	if back == "" || len(back) > maxBack {
		return m.opts.SignInPath
	}
	and := "?"
	if strings.Contains(m.opts.SignInPath, "?") {
		and = "&"
	}
	return m.opts.SignInPath + and + "return_to=" + back
}

// htmxPage returns the page that htmx runs in. The request itself is for a part of it.
func htmxPage(r *http.Request) string {
	u, err := url.Parse(r.Header.Get("HX-Current-URL"))
	if err != nil || !localPath(u.RequestURI()) {
		return ""
	}
	return u.RequestURI()
}

// challenge names the scheme to sign in by, and for a bearer client what was wrong (RFC 6750, section 3).
func challenge(bearer bool, r *http.Request) string {
	switch {
	case !bearer:
		return "Cookie"
	case len(r.Header["Authorization"]) == 0:
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
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

// Remaining answers how much time the session of the request has left, as JSON, for pages that warn before it ends:
//
//	{"signed_in":true,"idle_seconds":1740,"seconds":82800}
//
// idle_seconds is what is left if the session is not used, and seconds what is left at most. Asking is no use of the
// session. Without a session both are 0. It belongs inside [Manager.Handler].
func (m *Manager) Remaining() http.Handler {
	calls := callers(shallow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.guarded(r.Context(), calls)
		s.Passive()
		var answer struct {
			SignedIn bool  `json:"signed_in"`
			Idle     int64 `json:"idle_seconds"`
			Total    int64 `json:"seconds"`
		}
		if info, ok := s.Info(); ok {
			idle, total := s.Left()
			answer.SignedIn, answer.Idle, answer.Total = info.User != "", seconds(idle), seconds(total)
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	})
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
