package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// An upstream is an app behind the gate that does what the query says: "do" is a header of its answer, and the request
// is held if it says "hold". It answers with what the gate has told it.
type upstream struct {
	*httptest.Server
	arrived chan string   // the paths of requests that are held
	release chan struct{} // closed to let them go
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{arrived: make(chan string, 100), release: make(chan struct{})}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Has("hold") {
		u.arrived <- r.URL.Path
		<-u.release
	}
	for _, line := range query["do"] {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Add(name, value)
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Cookie") && strings.Contains(r.Header.Get(name), sessionCookie) {
			w.Header().Set("X-Leak", name)
		}
	}
	fmt.Fprintf(w, "user=%s session=%s data=%s", r.Header.Get("Coatcheck-User"), r.Header.Get("Coatcheck-Session"),
		r.Header.Get("Coatcheck-Data"))
}

// do makes a path with orders for the upstream.
func do(path string, orders ...string) string {
	query := ""
	for _, order := range orders {
		query += "&do=" + strings.NewReplacer(" ", "%20", ";", "%3B", "&", "%26", "+", "%2B").Replace(order)
	}
	return path + "?" + strings.TrimPrefix(query, "&")
}

const anonymous = "user= session= data="

// A request that is still running when its session ends cannot bring it back, whoever ends it, and whatever the
// request wants then.
func TestLogoutWins(t *testing.T) {
	t.Parallel()
	end := map[string]func(h *program, v *visitor){
		"by the visitor": func(_ *program, v *visitor) {
			v.as().get(do("/out", "Coatcheck-Sign-Out: this"))
		},
		"from another browser": func(h *program, v *visitor) {
			other := newVisitor(h.t, h.site)
			other.get(do("/in", "Coatcheck-Sign-In: ada", "Coatcheck-Sign-Out: others"))
			other.get(do("/out", "Coatcheck-Sign-Out: this"))
		},
		"through the API": func(h *program, v *visitor) {
			if a := h.ask(http.MethodDelete, "/v1/sessions/"+handle(v.ticket())); a.status != http.StatusNoContent {
				h.t.Errorf("end the session: %d %s", a.status, a.body)
			}
		},
		"with all of the user's": func(h *program, v *visitor) {
			if a := h.ask(http.MethodDelete, "/v1/users/ada/sessions"); a.status != http.StatusOK ||
				strings.TrimSpace(a.body) != `{"ended":1}` {
				h.t.Errorf("end the user's sessions: %d %s", a.status, a.body)
			}
		},
	}
	wants := map[string][]string{
		"nothing":        nil,
		"to set":         {`Coatcheck-Set: cart=["late"]`},
		"to set more":    {`Coatcheck-Set: cart=["late"]; carry`, `Coatcheck-Set: other=1`},
		"to delete":      {`Coatcheck-Delete: cart`},
		"to sign out":    {`Coatcheck-Sign-Out: this`},
		"others out":     {`Coatcheck-Sign-Out: others`, `Coatcheck-Set: cart=["late"]`},
		"out everywhere": {`Coatcheck-Sign-Out: all`},
	}
	for who, end := range end {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			for what, orders := range wants {
				t.Run(what, func(t *testing.T) { lateRequest(t, end, orders) })
			}
		})
	}
}

func lateRequest(t *testing.T, end func(*program, *visitor), orders []string) {
	app := newUpstream(t)
	h := openGate(t, app.URL)
	v := newVisitor(t, h.site)
	v.get(do("/in", "Coatcheck-Sign-In: ada", `Coatcheck-Set: cart=["tea"]`))
	before := v.ticket()
	if a := v.get("/"); !strings.Contains(a.body, `user=ada session=`+handle(before)+` data={"cart":["tea"]}`) {
		t.Fatalf("not signed in: %s", a.body)
	}

	late, answered := v.as(), make(chan answer, 1)
	go func() {
		a, err := late.try(http.MethodGet, do("/late", orders...)+"&hold=1")
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	<-app.arrived
	end(h, v)
	close(app.release)
	a := <-answered
	if a.status >= 500 {
		t.Errorf("the late request was answered with %d %s", a.status, a.body)
	}

	for whose, v := range map[string]*visitor{"the old cookie": v.with(before),
		"the browser of the late answer": late} {
		if a := v.get("/"); a.body != anonymous {
			t.Errorf("%s: %s", whose, a.body)
		}
	}
	if left := h.sessions("ada"); len(left) != 0 {
		t.Errorf("ada has sessions: %v", left)
	}
	if n := h.rows(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// No request loses what another one writes: 64 at the same time, each with a key of its own.
func TestNoLostUpdate(t *testing.T) {
	t.Parallel()
	const parallel = 64
	app := newUpstream(t)
	h := openGate(t, app.URL)
	v := newVisitor(t, h.site)
	v.get(do("/in", "Coatcheck-Sign-In: ada"))

	var all sync.WaitGroup
	for i := range parallel {
		one := v.as()
		all.Go(func() {
			a, err := one.try(http.MethodGet, do("/", fmt.Sprintf("Coatcheck-Set: key%d=%d", i, i))+"&hold=1")
			if err != nil || a.status != http.StatusOK || len(a.cookies) != 0 {
				t.Errorf("request %d: %v, status %d, cookies %q", i, err, a.status, a.cookies)
			}
		})
	}
	for range parallel {
		<-app.arrived
	}
	close(app.release) // they are all under way, with what was there before any of them
	all.Wait()

	data := v.get("/").body
	for i := range parallel {
		if want := fmt.Sprintf(`"key%d":%d`, i, i); strings.Count(data, want+",")+strings.Count(data, want+"}") != 1 {
			t.Errorf("%s is not there", want)
		}
	}
}

// The app behind the gate learns who asks from the gate alone, and never sees the ticket.
func TestNobodyForgesWhoAsks(t *testing.T) {
	t.Parallel()
	app := newUpstream(t)
	h := openGate(t, app.URL)
	v := newVisitor(t, h.site)
	for _, name := range []string{"Coatcheck-User", "coatcheck-user", "COATCHECK-USER", "Coatcheck_User",
		"coatcheck_session", "Coatcheck-Data", "COATCHECK.User"} {
		v.header[name] = []string{"admin"}
	}
	if a := v.get("/"); a.body != anonymous {
		t.Errorf("a stranger is taken for somebody: %s", a.body)
	}
	v.get(do("/in", "Coatcheck-Sign-In: ada"))
	a := v.get("/")
	if !strings.HasPrefix(a.body, "user=ada session="+handle(v.ticket())) || strings.Contains(a.body, "admin") {
		t.Errorf("ada is taken for somebody else: %s", a.body)
	}
	if leak := a.header.Get("X-Leak"); leak != "" {
		t.Errorf("the app sees the ticket in %s", leak)
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Coatcheck") {
			t.Errorf("the browser sees %s", name)
		}
	}
	if a := v.get(do("/", "Coatcheck-Sign-Otu: this")); a.status != http.StatusBadGateway {
		t.Errorf("a misspelt sign-out: status %d, want 502", a.status)
	}
	h.Await(regexp.MustCompile(`level=ERROR .*Coatcheck-Sign-Otu`)) // the log names what was refused
}
