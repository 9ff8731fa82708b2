package state_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store/memory"
)

func counted(joinFor state.Purpose) (*state.Inventory, *state.Consent, state.VisitorID) {
	inventory, consent, _ := asked(state.ConsentSpec{})
	return inventory, consent, state.NewVisitorID(inventory, consent, state.VisitorSpec{
		Cookie:  state.CookieSpec{Name: "visitor", Purpose: state.Analytics, Description: "counts visits"},
		JoinFor: joinFor,
	})
}

func TestVisitorsHaveANumberWithConsent(t *testing.T) {
	_, consent, visitor := counted("")
	w := httptest.NewRecorder()
	if id, ok, err := visitor.Ensure(w, with("")); id != "" || ok || err != nil || len(w.Header()) != 0 {
		t.Errorf("without consent: %q, %v, %v, %v", id, ok, err, w.Header())
	}
	yes := answered(t, consent, state.Analytics)
	id, ok, err := visitor.Ensure(w, with(yes))
	again, _, _ := visitor.Ensure(w, with(yes))
	if must(t, err); !ok || len(id) != 22 || id != again {
		t.Errorf("with consent: %q, then %q in the same response", id, again)
	}
	if line := w.Header().Get("Set-Cookie"); !strings.HasSuffix(line,
		"; Path=/; Max-Age=34128000; Secure; HttpOnly; SameSite=Lax") || len(w.Header()["Set-Cookie"]) != 1 {
		t.Errorf("Set-Cookie %q", w.Header()["Set-Cookie"])
	}
	value, _ := cookie.Lookup(next(w).Header["Cookie"], visitor.Name())
	back := with(yes + "; " + visitor.Name() + "=" + value)
	w = httptest.NewRecorder()
	if got, ok, err := visitor.Ensure(w, back); got != id || !ok || err != nil || len(w.Header()) != 0 {
		t.Errorf("at the next visit: %q, %v", got, w.Header())
	}
	other, _, _ := visitor.Ensure(httptest.NewRecorder(), with(yes))
	if other == id {
		t.Error("two visitors have one number")
	}
	w = httptest.NewRecorder()
	must(t, consent.Set(w, back))
	if !strings.Contains(strings.Join(w.Header()["Set-Cookie"], "\n"), visitor.Name()+"=; Path=/; Expires") {
		t.Errorf("after the consent is withdrawn: %q", w.Header()["Set-Cookie"])
	}
	w = httptest.NewRecorder()
	if _, ok, _ := visitor.Ensure(w, with(visitor.Name()+"="+value)); ok || !strings.Contains(
		w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("without consent the number stays: %v", w.Header())
	}
}

func TestNumbersOfVisitorsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, consent, visitor := counted("")
		w := httptest.NewRecorder()
		id, _, err := visitor.Ensure(w, with(answered(t, consent, state.Analytics)))
		must(t, err)
		value, _ := cookie.Lookup(next(w).Header["Cookie"], visitor.Name())
		visit := func() *http.Request {
			return with(answered(t, consent, state.Analytics) + "; " + visitor.Name() + "=" + value)
		}
		time.Sleep(state.MaxVisitorLifetime - time.Second)
		if got, ok := visitor.Get(visit()); !ok || got != id {
			t.Error("before its end the number is gone")
		}
		time.Sleep(time.Second)
		if _, ok := visitor.Get(visit()); ok {
			t.Error("after 13 months a browser that kept the number still has it")
		}
		if got, ok, err := visitor.Ensure(httptest.NewRecorder(), visit()); !ok || err != nil || got == id {
			t.Errorf("the next number is %q", got)
		}
	})
}

func TestNumbersAreNotJoinedWithUsers(t *testing.T) {
	for _, c := range []struct {
		about   string
		joinFor state.Purpose
		agreed  []state.Purpose
		want    bool // a number while signed in
	}{
		{"no purpose is declared", "", []state.Purpose{state.Analytics, state.Personalization}, false},
		{"not agreed to", state.Personalization, []state.Purpose{state.Analytics}, false},
		{"agreed to", state.Personalization, []state.Purpose{state.Analytics, state.Personalization}, true},
	} {
		t.Run(c.about, func(t *testing.T) {
			_, consent, visitor := counted(c.joinFor)
			sessions := session.New(memory.New(), session.Options{})
			defer sessions.Close(t.Context())
			cookies := answered(t, consent, c.agreed...)
			w := httptest.NewRecorder()
			id, _, err := visitor.Ensure(w, with(cookies))
			must(t, err)
			value, _ := cookie.Lookup(next(w).Header["Cookie"], visitor.Name())
			sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				must(t, session.From(r.Context()).SignIn("ada"))
				got, ok := visitor.Get(r)
				_, ensured, err := visitor.Ensure(w, r)
				must(t, err)
				if ok != c.want || ensured != c.want || ok && got != id {
					t.Errorf("signed in: %q, %v, %v", got, ok, ensured)
				}
				gone := strings.Contains(strings.Join(w.Header()["Set-Cookie"], "\n"), visitor.Name()+"=; Path=/")
				if gone == c.want {
					t.Errorf("the browser forgets the number: %v", gone)
				}
			})).ServeHTTP(httptest.NewRecorder(), with(cookies+"; "+visitor.Name()+"="+value))
		})
	}
}

func TestVisitorsThatAreRefused(t *testing.T) {
	for says, change := range map[string]func(*state.VisitorSpec){
		"13 months":          func(s *state.VisitorSpec) { s.Cookie.Lifetime = state.MaxVisitorLifetime + time.Second },
		"nobody would":       func(s *state.VisitorSpec) { s.JoinFor = state.Essential },
		"a word of small":    func(s *state.VisitorSpec) { s.JoinFor = "A" },
		"needs no consent":   func(s *state.VisitorSpec) { s.Cookie.Purpose = state.Essential },
		"there is no descri": func(s *state.VisitorSpec) { s.Cookie.Description = "" },
	} {
		spec := state.VisitorSpec{Cookie: state.CookieSpec{Name: "v", Purpose: state.Analytics, Description: "x"}}
		change(&spec)
		inventory, consent, _ := asked(state.ConsentSpec{})
		refused(t, says, func() { state.NewVisitorID(inventory, consent, spec) })
	}
}

// Whatever a client sends as its number, only what could be one is one.
func FuzzVisitorID(f *testing.F) {
	f.Add("AAAAAAAAAAAAAAAAAAAAAA.29400000")
	f.Add("AAAAAAAAAAAAAAAAAAAAAB.29400000")
	f.Add("x.1")
	_, consent, visitor := counted("")
	w := httptest.NewRecorder()
	if err := consent.Set(w, with(""), state.Analytics); err != nil {
		f.Fatal(err)
	}
	answer, _ := cookie.Lookup(next(w).Header["Cookie"], consent.Name())
	f.Fuzz(func(t *testing.T, value string) {
		r := with(consent.Name() + "=" + answer + "; " + visitor.Name() + "=" + value)
		if id, ok := visitor.Get(r); ok && (len(id) != 22 || !strings.HasPrefix(value, id+".")) || !ok && id != "" {
			t.Fatalf("%q, %v of %q", id, ok, value)
		}
	})
}
