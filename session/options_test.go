package session_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// Options that contradict themselves, or that no browser would go along with, are refused at the start, by name.
//
// Rows: A10, ASVS 3.3.1, ASVS 3.3.3, ASVS 3.3.5, ASVS 4.2.5
func TestContradictingOptionsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		o    session.Options
		want string // a part of the error; "" means that they are good
	}{
		{"zero", session.Options{}, ""},
		{"host name", session.Options{Cookie: "__Host-shop"}, ""},
		{"secure name", session.Options{Cookie: "__Secure-shop"}, ""},
		{"insecure", session.Options{InsecureCookie: true}, ""},
		{"insecure, named", session.Options{InsecureCookie: true, Cookie: "shop"}, ""},
		{"strict", session.Options{SameSiteStrict: true}, ""},
		{"never sweep", session.Options{SweepInterval: -1}, ""},
		{"never rotate", session.Options{RotateEvery: -1}, ""},
		{"no limit of sessions", session.Options{MaxSessions: -1}, ""},
		{"sign-in page", session.Options{SignInPath: "/login"}, ""},
		{"sealed", session.Options{SealData: seal.New()}, ""},
		{"sealed without keys", session.Options{SealData: &seal.Ring{}}, "SealData is a ring without keys"},
		{"longest", session.Options{RememberLifetime: 400 * 24 * time.Hour}, ""},

		{"domain", session.Options{InsecureDomain: "shop.example"}, ""},
		{"domain in capitals", session.Options{InsecureDomain: "Shop.Example"}, ""},
		{"deep domain", session.Options{InsecureDomain: "eu.shop.co.uk"}, ""},
		{"punycode", session.Options{InsecureDomain: "xn--mnchen-3ya.example"}, ""},
		{"domain with a name", session.Options{InsecureDomain: "shop.example", Cookie: "__Secure-shop"}, ""},
		{"domain over plain http", session.Options{InsecureDomain: "shop.lan.example", InsecureCookie: true}, ""},

		{"domain with a host's name", session.Options{InsecureDomain: "shop.example", Cookie: "__Host-shop"},
			"__Secure-"},
		{"domain without a prefix", session.Options{InsecureDomain: "shop.example", Cookie: "shop"}, "Options.Cookie"},
		{"dot in front", session.Options{InsecureDomain: ".shop.example"}, "InsecureDomain"},
		{"dot behind", session.Options{InsecureDomain: "shop.example."}, "InsecureDomain"},
		{"a dot", session.Options{InsecureDomain: "."}, "InsecureDomain"},
		{"two dots", session.Options{InsecureDomain: "shop..example"}, "InsecureDomain"},
		{"single label", session.Options{InsecureDomain: "localhost"}, "single label"},
		{"top level", session.Options{InsecureDomain: "example"}, "single label"},
		{"IPv4", session.Options{InsecureDomain: "192.0.2.1"}, "address"},
		{"part of an IPv4", session.Options{InsecureDomain: "2.1"}, "address"},
		{"IPv6", session.Options{InsecureDomain: "2001:db8::5"}, "address"},
		{"IPv6 in brackets", session.Options{InsecureDomain: "[2001:db8::5]"}, "address"},
		{"domain with a port", session.Options{InsecureDomain: "shop.example:443"}, "InsecureDomain"},
		{"domain with a scheme", session.Options{InsecureDomain: "https://shop.example"}, "InsecureDomain"},
		{"domain beyond ASCII", session.Options{InsecureDomain: "m\u00fcnchen.example"}, "punycode"},
		{"domain with an attribute", session.Options{InsecureDomain: "shop.example; Path=/x"}, "InsecureDomain"},
		{"domain with a wildcard", session.Options{InsecureDomain: "*.shop.example"}, "InsecureDomain"},
		{"label too long", session.Options{InsecureDomain: strings.Repeat("a", 64) + ".example"}, "InsecureDomain"},

		{"no prefix", session.Options{Cookie: "session"}, "Options.Cookie"},
		{"prefix in lower case", session.Options{Cookie: "__host-session"}, "Options.Cookie"},
		{"prefix alone", session.Options{Cookie: "__Host-"}, ""},
		{"insecure with a prefix", session.Options{InsecureCookie: true, Cookie: "__Host-session"}, "InsecureCookie"},
		{"insecure with a prefix in lower case", session.Options{InsecureCookie: true, Cookie: "__host-session"},
			"Options.Cookie"},
		{"CRLF in the name", session.Options{Cookie: "__Host-a\r\nSet-Cookie: b=c"}, "Options.Cookie"},
		{"attribute in the name", session.Options{Cookie: "__Host-a; Domain=evil.example"}, "Options.Cookie"},
		{"equals in the name", session.Options{Cookie: "__Host-a=b"}, "Options.Cookie"},
		{"NUL in the name", session.Options{Cookie: "__Host-a\x00"}, "Options.Cookie"},
		{"name too long", session.Options{Cookie: "__Host-" + strings.Repeat("a", 4096)}, "Options.Cookie"},
		{"over 400 days", session.Options{RememberLifetime: 401 * 24 * time.Hour}, "RememberLifetime"},
		{"negative idle", session.Options{IdleTimeout: -1}, "IdleTimeout"},
		{"negative lifetime", session.Options{Lifetime: -1}, "Lifetime"},
		{"negative remembered idle", session.Options{RememberIdleTimeout: -1}, "RememberIdleTimeout"},
		{"negative remembered lifetime", session.Options{RememberLifetime: -1}, "RememberLifetime"},
		{"negative store timeout", session.Options{StoreTimeout: -1}, "StoreTimeout"},
		{"negative touch", session.Options{TouchInterval: -1}, "TouchInterval"},
		{"negative bytes", session.Options{MaxBytes: -1}, "MaxBytes"},
		{"negative keys", session.Options{MaxKeys: -1}, "MaxKeys"},
		{"negative calls", session.Options{MaxStoreCalls: -1}, "MaxStoreCalls"},
		{"negative grace", session.Options{RotationGrace: -1}, "RotationGrace"},
		{"rotation within its grace", session.Options{RotateEvery: time.Minute, RotationGrace: time.Minute},
			"RotateEvery"},
		{"no such theft policy", session.Options{Theft: 99}, "Theft"},
		{"no such limit policy", session.Options{AtLimit: 99}, "AtLimit"},
		{"sign-in page elsewhere", session.Options{SignInPath: "https://evil.example/login"}, "SignInPath"},
		{"sign-in page of no scheme", session.Options{SignInPath: "//evil.example/login"}, "SignInPath"},
		{"sign-in page without a slash", session.Options{SignInPath: "login"}, "SignInPath"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.o.Check()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check: %v, want an error that names %q", err, c.want)
			}
			panicked := func() (panicked bool) {
				defer func() { panicked = recover() != nil }()
				_ = session.New(memory.New(), c.o)
				return false
			}()
			if panicked != (err != nil) {
				t.Errorf("New panicked: %v, and Check says %v", panicked, err)
			}
		})
	}
}

func TestManagersNeedAStore(t *testing.T) {
	if text := panicOf(func() { session.New(nil, session.Options{}) }); !strings.Contains(text, "New needs a store") {
		t.Errorf("without a store: %s", text)
	}
}

// panicOf returns with what a function panics, "" if it does not.
func panicOf(f func()) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprint(p)
		}
	}()
	f()
	return ""
}

// An option that is not for the type of a key would be forgotten when it is needed, and another request's change with
// it.
func TestKeysRefuseOptionsOfOtherTypes(t *testing.T) {
	first := func(_, _, mine string) string { return mine }
	for want, f := range map[string]func(){
		"Counter is for whole numbers": func() { session.NewKey[string]("k", session.Counter) },
		"of the type float64":          func() { session.NewKey[float64]("k", session.Counter) },
		"Union is for lists":           func() { session.NewKey[int]("k", session.Union) },
		"of the type []uint8":          func() { session.NewKey[[]byte]("k", session.Union) },
		"Merge is for string":          func() { session.NewKey[[]string]("k", session.Merge(first)) },
	} {
		if text := panicOf(f); !strings.Contains(text, "session: key k: ") || !strings.Contains(text, want) {
			t.Errorf("%q, want %q", text, want)
		}
	}
	type count uint8
	if text := panicOf(func() {
		session.NewKey[count]("k", session.Counter)
		session.NewKey[json.Number]("k", session.Counter)
		session.NewKey[[]string]("k", session.Union)
		session.NewKey[string]("k", session.Merge(first))
		session.NewKey[time.Time]("k", session.Counter, session.Reject)
	}); text != "" {
		t.Errorf("good ones: %q", text)
	}
}

// All contradictions are told at once.
//
// Rows: A10
func TestOptionsNameEveryContradiction(t *testing.T) {
	err := session.Options{Cookie: "x", IdleTimeout: -1, MaxBytes: -1}.Check()
	for _, want := range []string{"Cookie", "IdleTimeout", "MaxBytes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

// Two managers in one app have two cookies and know nothing of each other.
//
// Rows: A19, C8
func TestTwoManagersShareNothing(t *testing.T) {
	shopStore, adminStore := newFaultStore(), newFaultStore()
	shop := newManager(t, shopStore, session.Options{Cookie: "__Host-shop"})
	admin := newManager(t, adminStore, session.Options{Cookie: "__Host-admin"})
	b := newBrowser(t, shop)
	b.site = func(next http.HandlerFunc) http.Handler { return shop.Handler(admin.Handler(next)) }
	both := func(fn func(shop, admin *session.Session)) *answer {
		return b.visit(func(_ http.ResponseWriter, r *http.Request) {
			fn(shop.From(r.Context()), admin.From(r.Context()))
		})
	}
	a := both(func(s, ad *session.Session) {
		if err := s.SignIn("ada"); err != nil {
			t.Error(err)
		}
		if err := ad.SignIn("root"); err != nil {
			t.Error(err)
		}
	})
	if len(a.setCookies()) != 2 || len(b.cookies) != 2 || headerHas(a.header, "Vary", "Cookie") == false {
		t.Errorf("headers %v", a.header)
	}
	both(func(s, ad *session.Session) {
		if s.User() != "ada" || ad.User() != "root" || s.Handle() == ad.Handle() {
			t.Errorf("users %q and %q", s.User(), ad.User())
		}
		_ = note.Set(s, "shop")
	})
	b.visit(func(_ http.ResponseWriter, r *http.Request) {
		if session.From(r.Context()).User() != "root" {
			t.Error("From does not give the session of the innermost manager")
		}
		if stranger := newManager(t, newFaultStore(), session.Options{}).From(r.Context()); stranger.SignedIn() {
			t.Error("a manager that handles nothing has a session")
		}
	})
	both(func(s, ad *session.Session) {
		if note.Get(ad) != "" {
			t.Error("a value of one is in the other")
		}
		if err := ad.SignOut(); err != nil {
			t.Error(err)
		}
	})
	both(func(s, ad *session.Session) {
		if s.User() != "ada" || ad.User() != "" {
			t.Errorf("users %q and %q after the admin signed out", s.User(), ad.User())
		}
	})
	b.cookies["__Host-admin"] = b.cookies["__Host-shop"] // the one's ticket is nothing to the other
	both(func(_, ad *session.Session) {
		if ad.SignedIn() {
			t.Error("a ticket of the shop is good for the admin")
		}
	})
	adminStore.down()
	if a := both(func(_, _ *session.Session) { t.Error("called") }); a.status != http.StatusServiceUnavailable {
		t.Errorf("answer %s while one of the stores is down", describe(a))
	}
}

// A session of no manager refuses changes and reads as empty.
//
// Rows: I14
func TestSessionWithoutAManagerIsEmpty(t *testing.T) {
	s := session.From(t.Context())
	if s.User() != "" || s.SignedIn() || !s.Handle().IsZero() || cart.Get(s) != nil || s.Unknown() || s.Auth() != nil {
		t.Error("it is not empty")
	}
	s.Passive()
	for range s.Values() {
		t.Error("it has values")
	}
	for what, err := range map[string]error{
		"set": note.Set(s, "x"), "update": appendTo(cart, s, "x"), "delete": cart.Delete(s), "save": s.Save(),
		"sign in": s.SignIn("ada"), "step up": s.StepUp(), "sign out": s.SignOut(),
	} {
		if err == nil || !strings.Contains(err.Error(), "Manager.Handler") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is left open has the values that the documentation names.
//
// Rows: ASVS 7.1.1
func TestDefaultsAreThoseOfTheDocumentation(t *testing.T) {
	o := newManager(t, newFaultStore(), session.Options{}).Options()
	for name, d := range map[string]struct{ got, want time.Duration }{
		"IdleTimeout":         {o.IdleTimeout, time.Hour},
		"Lifetime":            {o.Lifetime, 24 * time.Hour},
		"RememberIdleTimeout": {o.RememberIdleTimeout, 14 * 24 * time.Hour},
		"RememberLifetime":    {o.RememberLifetime, 30 * 24 * time.Hour},
		"RotateEvery":         {o.RotateEvery, 30 * time.Minute},
		"RotationGrace":       {o.RotationGrace, 30 * time.Second},
		"StoreTimeout":        {o.StoreTimeout, 2 * time.Second},
		"SweepInterval":       {o.SweepInterval, time.Minute},
		"MaxBytes":            {time.Duration(o.MaxBytes), 64 << 10},
		"MaxKeys":             {time.Duration(o.MaxKeys), 100},
		"MaxSessions":         {time.Duration(o.MaxSessions), 100},
		"MaxStoreCalls":       {time.Duration(o.MaxStoreCalls), 1000},
		"MaxVisitors":         {time.Duration(o.MaxVisitors), 10_000},
	} {
		if d.got != d.want {
			t.Errorf("%s is %d, want %d", name, d.got, d.want)
		}
	}
}
