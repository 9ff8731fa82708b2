package e2e_test

import (
	"bufio"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A program that is told to stop takes no new requests, ends those that are under way, writes down what they
// change, ends streams that have no end, and says that all went well.
func TestTermEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	app := newUpstream(t)
	h := openGate(t, app.URL)
	v := newVisitor(t, h.site)
	v.get(do("/in", "Coatcheck-Sign-In: ada"))
	stream := watch(t, h)

	late, answered := v.as(), make(chan answer, 1)
	go func() {
		a, err := late.try(http.MethodGet, do("/late", `Coatcheck-Set: cart=["late"]`)+"&hold=1")
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	<-app.arrived
	told := time.Now()
	h.Signal(syscall.SIGTERM)
	awaitRefusal(t, strings.TrimPrefix(h.site, "http://"))
	select {
	case <-h.Done():
		t.Error("the program ended while a request was under way")
	default:
	}
	close(app.release)
	if a := <-answered; a.status != http.StatusOK || !strings.HasPrefix(a.body, "user=ada") {
		t.Errorf("the request that was under way: status %d, %s", a.status, a.body)
	}
	if code := h.Wait(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, h.Output())
	}
	if took := time.Since(told); took > 9*time.Second {
		t.Errorf("stopping took %v: something was waited for that should have been ended", took)
	}
	for stream.Scan() { // what is left of it, up to its end
	}
	if err := stream.Err(); err != nil {
		t.Errorf("the event stream was broken off: %v", err)
	}

	h = h.reopen()
	v.base = h.site
	if a := v.get("/"); !strings.Contains(a.body, `user=ada`) || !strings.Contains(a.body, `data={"cart":["late"]}`) {
		t.Errorf("after a restart: %s", a.body)
	}
}

// watch signs the operator in and follows the console, as an open page does, until the program ends.
func watch(t testing.TB, h *program) *bufio.Scanner {
	t.Helper()
	operator := newVisitor(t, h.console)
	if a := operator.get(strings.TrimPrefix(h.link, h.console)); a.status != http.StatusOK {
		t.Fatalf("the link: status %d", a.status)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.console+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", operator.cookieHeader())
	res, err := operator.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("/events: status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	return bufio.NewScanner(res.Body)
}

// awaitRefusal returns when nobody listens at the address any more.
func awaitRefusal(t testing.TB, addr string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("the program goes on taking connections")
		}
	}
}

// Everything that was acknowledged before a stop is there after it.
func TestTermLosesNoWrite(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	writers := startWriters(t, h, 8)
	v, ada := signedIn(t, h)
	if code := h.Term(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, h.Output())
	}
	writers.stopped()
	h = h.reopen()
	writers.check(h)
	v.base = h.site
	v.is(ada)
}

// The log tells what happened to which session, and has no secret in it.
func TestNoSecretInTheLog(t *testing.T) {
	t.Parallel()
	h := open(t, "demo", "--verbose")
	v, _ := signedIn(t, h)
	ticket := v.ticket()
	public, secret := handle(ticket), ticket[23:]
	forged := strings.Repeat("A", len(secret))
	v.with("1" + public + forged).get("/api/me")
	h.Await(says("session_ticket_forged .*" + public))
	v.post("/logout")
	if code := h.Term(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, word := range []string{"authn_login_success", "session_logout", "user=ada", "session=" + public} {
		if !strings.Contains(h.Output(), word) {
			t.Errorf("the log does not tell of %s", word)
		}
	}
	for what, s := range map[string]string{"ticket": secret, "forged ticket": forged, "token": h.token} {
		if strings.Contains(h.Output(), s) {
			t.Errorf("the log has a %s", what)
		}
	}
}

// Many tools ask a server by SIGHUP to read its configuration again. That is no reason to die.
func TestHangupIsNoEnd(t *testing.T) {
	t.Parallel()
	h := openGate(t, newUpstream(t).URL)
	v := newVisitor(t, h.site)
	v.get(do("/in", "Coatcheck-Sign-In: ada"))
	for range 2 {
		h.Signal(syscall.SIGHUP)
		h.Await(regexp.MustCompile(`SIGHUP was ignored`))
	}
	if a := v.get("/"); !strings.Contains(a.body, "user=ada") {
		t.Errorf("after SIGHUP: %s", a.body)
	}
}

// An upstream that nobody listens at may be a mistake, or an app that starts later.
func TestAnAppThatDoesNotAnswerIsNamedAtTheStart(t *testing.T) {
	t.Parallel()
	app := newUpstream(t)
	app.Close()
	h := openGate(t, app.URL)
	h.Await(regexp.MustCompile(`correct --upstream.*` + regexp.QuoteMeta(strings.TrimPrefix(app.URL, "http://"))))
}
