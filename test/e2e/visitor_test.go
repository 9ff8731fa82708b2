package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sessionCookie is the name of the cookie that has the ticket.
const sessionCookie = "__Host-session"

// A visitor is a program that keeps cookies and follows no redirects. It belongs to one goroutine at a time.
type visitor struct {
	t       testing.TB
	base    string
	client  *http.Client
	header  http.Header // sent with every request
	cookies map[string]string
}

func newVisitor(t testing.TB, base string) *visitor {
	transport := &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{
		t: t, base: base, cookies: map[string]string{},
		// as browsers: others get 401 where these are shown the sign-in page, and need tokens in the forms of the demo
		header: http.Header{"Accept": {"text/html,*/*;q=0.8"}, "Sec-Fetch-Site": {"same-origin"}},
		client: &http.Client{
			Transport: transport,
			Timeout:   time.Minute, // far more than any answer takes
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// as is another visitor with the same cookies and connections, for use beside the first.
func (v *visitor) as() *visitor {
	other := *v
	other.cookies, other.header = maps.Clone(v.cookies), v.header.Clone()
	return &other
}

// with is a visitor whose only cookie is this ticket.
func (v *visitor) with(ticket string) *visitor {
	other := v.as()
	other.cookies = map[string]string{sessionCookie: ticket}
	return other
}

// An answer is a response that was read to its end.
type answer struct {
	status  int
	header  http.Header
	cookies []string // the Set-Cookie lines
	body    string
}

// do sends a request, with a form if there are fields, and keeps the cookies of the answer.
func (v *visitor) do(method, path string, fields ...string) answer {
	v.t.Helper()
	a, err := v.try(method, path, fields...)
	if err != nil {
		v.t.Fatal(err)
	}
	return a
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do(http.MethodGet, path)
}

// post sends a form and expects to be sent on from there.
func (v *visitor) post(path string, fields ...string) answer {
	v.t.Helper()
	a := v.do(http.MethodPost, path, fields...)
	if a.status != http.StatusSeeOther {
		v.t.Fatalf("POST %s %q: status %d, %s", path, fields, a.status, a.body)
	}
	return a
}

// try is do for requests that may fail, and for goroutines that cannot end the test.
func (v *visitor) try(method, path string, fields ...string) (answer, error) {
	var body io.Reader
	if fields != nil {
		form := url.Values{}
		for pair := range slices.Chunk(fields, 2) {
			form.Add(pair[0], pair[1])
		}
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, v.base+path, body)
	if err != nil {
		return answer{}, err
	}
	r.Header = v.header.Clone()
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if len(v.cookies) > 0 {
		r.Header.Set("Cookie", v.cookieHeader())
	}
	res, err := v.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	a := answer{res.StatusCode, res.Header, res.Header["Set-Cookie"], string(text)}
	if err != nil {
		return a, fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return a, v.keep(a)
}

func (v *visitor) cookieHeader() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		pairs = append(pairs, name+"="+v.cookies[name])
	}
	return strings.Join(pairs, "; ")
}

func (v *visitor) keep(a answer) error {
	for _, line := range a.cookies {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	return nil
}

// signIn signs a user of the demo in.
func (v *visitor) signIn(user string) answer {
	v.t.Helper()
	return v.post("/login", "user", user, "password", passwords[user])
}

var passwords = map[string]string{"ada": "lovelace", "alan": "turing", "grace": "hopper"}

func (v *visitor) ticket() string { return v.cookies[sessionCookie] }

// handle is the public part of a ticket.
func handle(ticket string) string { return ticket[1:23] }

// me is what /api/me says.
type me struct {
	User  string   `json:"user"`
	Cart  []string `json:"cart"`
	Theme string   `json:"theme"`
}

var nobody = me{Cart: []string{}, Theme: "light"}

func (m me) String() string {
	text, _ := json.Marshal(m) // strings always marshal
	return string(text)
}

// is checks what /api/me says, to the letter.
func (v *visitor) is(want me) {
	v.t.Helper()
	a := v.get("/api/me")
	if got := strings.TrimSpace(a.body); a.status != http.StatusOK || got != want.String() {
		v.t.Errorf("/api/me: %d %s, want %s", a.status, got, want)
	}
}

// await asks until the answer is as wanted, for at most a minute. It is for a service that comes back.
func (v *visitor) await(what string, ok func(answer) bool, method, path string, fields ...string) answer {
	v.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		a := v.do(method, path, fields...)
		if ok(a) {
			return a
		}
		if time.Now().After(deadline) {
			v.t.Fatalf("%s %s does not become %s: status %d, %s", method, path, what, a.status, a.body)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func hasStatus(status int) func(answer) bool {
	return func(a answer) bool { return a.status == status }
}

func itoa(n int) string { return strconv.Itoa(n) }
