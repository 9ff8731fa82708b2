package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A ticket is good in the realm where its session began, and nowhere else that shares the store: through sign-in,
// step-up, and beside other cookies of the name.
func TestTicketsStayInTheirRealm(t *testing.T) {
	st := memory.New()
	managers := map[string]*session.Manager{}
	for _, realm := range []string{"", "a", "b"} {
		managers[realm] = session.New(st, session.Options{Realm: realm})
	}
	visit := func(realm, ticket string, do func(*session.Session)) (user, next string) {
		t.Helper()
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		if ticket != "" {
			r.Header.Set("Cookie", ticket)
		}
		managers[realm].Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if do != nil {
				do(s)
			}
			user = s.User()
		})).ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			next = c.Name + "=" + c.Value
		}
		return user, next
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for home := range managers {
		_, ticket := visit(home, "", func(s *session.Session) { must(s.SignIn("ada")) })
		_, stepped := visit(home, ticket, func(s *session.Session) { must(s.StepUp(session.Level(2))) })
		for realm := range managers {
			for _, cookies := range []string{stepped, stepped + "; " + stepped, "__Host-session=x; " + stepped} {
				user, _ := visit(realm, cookies, nil)
				if got := user == "ada"; got && realm != home || !got && realm == home && cookies == stepped {
					t.Errorf("a ticket of realm %q in %q: user %q", home, realm, user)
				}
			}
		}
		list, err := managers["a"].List(t.Context(), "ada")
		if err != nil || len(list) == 0 {
			t.Errorf("lists are of all realms: %v, %v", list, err)
		}
	}
}
