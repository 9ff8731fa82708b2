package doors

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A scenario is a row of the table.
type scenario struct {
	name string
	try  func(t *testing.T, d *column)
}

// scenarios are in order: the last two stop the store.
var scenarios = []scenario{
	{"a visitor on a public page", public},
	{"a closed page, sign-in, and back", signsIn},
	{"who it is, exactly", told},
	{"24 forged spellings", forgeries},
	{"other spellings of the closed page", spelt},
	{"the way that a client says it has come", ways},
	{"long addresses and many headers", large},
	{"two lines of Set-Cookie", twoLines},
	{"7 KB of cookies", manyCookies},
	{"answers of the app's own", untouched},
	{"sign-out", signsOut},
	{"ended by the operator", ended},
	{"50 tabs through a rotation", rotates},
	{"streams end with the session", cut},
	{"the store stops", stops},
	{"the store is back", comesBack},
}

// Every door gives the same answer to the same request.
//
// Rows: I18
func TestScenariosHoldEverywhere(t *testing.T) {
	for _, d := range columns {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			d := d.open(t)
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					if why := d.lacks[s.name]; why != "" {
						t.Skip(why)
					}
					s.try(t, d)
				})
			}
		})
	}
}

func public(t *testing.T, d *column) {
	v := d.browser(t)
	for _, path := range []string{"/static/a.css", "/"} {
		r := v.get(path)
		if r.status != http.StatusOK || r.value("Coatcheck-User") != "" || r.Header["Set-Cookie"] != nil {
			t.Errorf("%s: %d %v %s", path, r.status, r.Header, r.body)
		}
	}
}

func signsIn(t *testing.T, d *column) {
	b := d.browser(t)
	page := "Accept: text/html"
	r := b.get("/account?a=b&c=%2F", page)
	to := r.location()
	const want = "/.echo/sign-in?return_to=%2Faccount%3Fa%3Db%26c%3D%252F"
	if r.status != http.StatusSeeOther || to != want {
		t.Fatalf("%d to %s, want %s", r.status, to, want)
	}
	if r = b.get(to+"&user=ada", page); r.status != http.StatusSeeOther || b.cookie == "" {
		t.Fatalf("sign-in: %d %v %s", r.status, r.Header, r.body)
	}
	if r = b.get(r.location(), page); r.status != http.StatusOK || r.value("Coatcheck-User") != "ada" ||
		r.report.Target != "/account?a=b&c=%2F" {
		t.Errorf("back: %d %s", r.status, r.body)
	}
}

func told(t *testing.T, d *column) {
	ada := d.signedIn(t, "ada")
	r := ada.get("/account")
	for name, want := range map[string]string{"Coatcheck-User": "ada", "Coatcheck-Data": "{}"} {
		if got := r.lines(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := r.lines("Coatcheck-Session"); len(got) != 1 || len(got[0]) != 22 || !strings.Contains(ada.cookie,
		got[0]) {
		t.Errorf("the handle: %q", got)
	}
	if strings.Contains(r.value("Cookie"), "__Host-session") && d.name == "gate" {
		t.Errorf("the app is given the ticket: %s", r.body)
	}
}

// forged are spellings by which servers may take a header for Coatcheck-User.
var forged = []string{
	"Coatcheck-User: eve", "coatcheck-user: eve", "COATCHECK-USER: eve", "cOATCHECK-uSER: eve", "Coatcheck_User: eve",
	"coatcheck_user: eve", "COATCHECK_USER: eve", "Coatcheck-User : eve", "Coatcheck-User\t: eve",
	"Coatcheck.User: eve",
	"Coatcheck~User: eve", "Coatcheck!User: eve", "Coatcheck-User:eve", "Coatcheck-User:\teve",
	"Coatcheck-User: eve\r\nCoatcheck-User: eve", "Coatcheck-User:\r\nCoatcheck-User: eve",
	"Coatcheck-User: ada\r\nCoatcheck-User: eve", "X-A: b\r\n Coatcheck-User: eve", "Coatcheck-User: eve, ada",
	"Connection: Coatcheck-User\r\nCoatcheck-User: eve", "Connection: close, Coatcheck-User",
	"Coatcheck_User: eve\r\nCoatcheck-User: eve\r\nCOATCHECK_USER: eve", "Coatcheck-User: \"eve\"",
	"Coatcheck-Session: eve\r\nCoatcheck-Data: {\"a\":\"eve\"}\r\nCoatcheck-Bound: eve\r\nCoatcheck-Csrf-Token: eve",
}

func forgeries(t *testing.T, d *column) {
	if len(forged) != 24 {
		t.Fatalf("%d spellings", len(forged))
	}
	ada, visitor := d.signedIn(t, "ada"), d.browser(t)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/1.0"} {
		for _, line := range forged {
			for _, b := range []*browser{ada, visitor} {
				r := b.do("GET", "/", protocol, line)
				if r.status == http.StatusBadRequest {
					continue // it was refused
				}
				want := map[bool]string{true: "ada", false: ""}[b == ada]
				if r.report == nil || strings.Contains(r.identity(), "eve") || r.value("Coatcheck-User") != want {
					t.Errorf("%s %q: %d, %s, want %q", protocol, line, r.status, r.identity(), want)
				}
			}
			if r := visitor.do("GET", "/account", protocol, line); r.report != nil || r.status < 400 {
				t.Errorf("%s %q as a visitor: %d", protocol, line, r.status)
			}
		}
	}
}

func twoLines(t *testing.T, d *column) {
	var got []string
	for _, line := range d.signedIn(t, "ada").get("/.echo/two-cookies").Header["Set-Cookie"] {
		name, _, _ := strings.Cut(line, "=")
		got = append(got, name)
		if !strings.Contains(line, "; Expires=") || !strings.HasSuffix(line, " GMT") {
			t.Errorf("changed: %s", line)
		}
	}
	if fmt.Sprint(got) != "[echo-one echo-two]" {
		t.Errorf("%v", got)
	}
}

func manyCookies(t *testing.T, d *column) {
	ada := d.signedIn(t, "ada")
	own := "big=" + strings.Repeat("x", 7<<10)
	ada.cookie += "; " + own
	r := ada.get("/account")
	if r.status != http.StatusOK || !strings.Contains(r.value("Cookie"), own) {
		t.Errorf("%d %.200s", r.status, r.body)
	}
}

func untouched(t *testing.T, d *column) {
	ada := d.signedIn(t, "ada")
	for _, c := range []struct {
		method, path, line string
		status             int
		header, value      string
	}{
		{"GET", "/.echo/status/401", "", 401, "Www-Authenticate", `Echo realm="its own"`},
		{"GET", "/.echo/status/403", "", 403, "Echo-Status", "403"},
		{"GET", "/.echo/status/304", `If-None-Match: "echo"`, 304, "Etag", `"echo"`},
		{"GET", "/.echo/status/500", "", 500, "Echo-Status", "500"},
		{"GET", "/.echo/status/503", "", 503, "Retry-After", "7"},
		{"HEAD", "/.echo/status/200", "", 200, "Echo-Status", "200"},
		{"GET", "/.echo/range", "Range: bytes=3-5", 206, "Content-Range", "bytes 3-5/1000"},
	} {
		r := ada.do(c.method, c.path, "HTTP/1.1", c.line)
		if got := r.Header[c.header]; r.status != c.status || len(got) != 1 || got[0] != c.value {
			t.Errorf("%s %s: %d, %s: %q, want %q", c.method, c.path, r.status, c.header, got, c.value)
		}
	}
	if r := ada.get("/.echo/early-hints"); r.status != 200 || r.hints != d.hints {
		t.Errorf("103 Early Hints: %d, %q, want %q", r.status, r.hints, d.hints)
	}
	if r := ada.get("/.echo/trailers", "TE: trailers"); r.status != 200 || r.Trailer.Get("Echo-Trailer") != d.trailer {
		t.Errorf("trailers: %d %v, want %q", r.status, r.Trailer, d.trailer)
	}
}

func signsOut(t *testing.T, d *column) {
	ada := d.signedIn(t, "ada")
	before := ada.cookie
	if r := ada.get("/.echo/sign-out"); r.status != http.StatusOK || ada.cookie != "" {
		t.Fatalf("%d %v, cookie %q", r.status, r.Header, ada.cookie)
	}
	ada.cookie = before // which somebody has copied
	ada.await(t, http.StatusUnauthorized)
}

func ended(t *testing.T, d *column) {
	ada, alan := d.signedIn(t, "ada"), d.signedIn(t, "alan")
	ada.get("/account") // it is near by now
	d.end(t, "ada")
	ada.await(t, http.StatusUnauthorized)
	if r := alan.get("/account"); r.status != http.StatusOK {
		t.Errorf("another user: %d", r.status)
	}
}

const tabs = 50

// rotates opens many tabs at once with a ticket that is due, each of which goes on with what it is given.
func rotates(t *testing.T, d *column) {
	ada := d.signedIn(t, "ada")
	time.Sleep(rotateEvery + 100*time.Millisecond) // the ticket gets old
	before, fresh := ada.cookie, make(chan string, tabs)
	var open sync.WaitGroup
	for range tabs {
		open.Go(func() {
			tab := &browser{t: t, at: d, cookie: before}
			r := tab.get("/account", "Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
			if r.status == http.StatusSeeOther && r.location() == "/account" {
				r = tab.get("/account", "Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
			}
			if r.status != http.StatusOK {
				t.Errorf("a tab: %d to %s", r.status, r.Header.Get("Location"))
			}
			if tab.cookie != before {
				fresh <- tab.cookie
			}
		})
	}
	open.Wait()
	if len(fresh) == 0 {
		t.Fatal("no tab was given a new ticket")
	}
	ada.cookie = <-fresh
	for range 2 {
		if r := ada.get("/account"); r.status != http.StatusOK {
			t.Errorf("with the new ticket: %d", r.status)
		}
	}
}

func stops(t *testing.T, d *column) {
	d.ada = d.signedIn(t, "ada")
	if r := d.ada.get("/account"); r.status != http.StatusOK {
		t.Fatalf("before: %d", r.status)
	}
	d.store.Kill()
	r := d.ada.await(t, http.StatusServiceUnavailable)
	if r.Header.Get("Retry-After") == "" || r.Header["Set-Cookie"] != nil {
		t.Errorf("%v", r.Header)
	}
	if r := d.ada.get("/static/a.css"); r.status != http.StatusOK {
		t.Errorf("a public page: %d", r.status)
	}
}

func comesBack(t *testing.T, d *column) {
	d.store.Restart()
	if r := d.ada.await(t, http.StatusOK); r.value("Coatcheck-User") != "ada" {
		t.Errorf("%s", r.body)
	}
}
