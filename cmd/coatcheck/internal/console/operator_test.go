package console_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/event"
)

// staff adds an operator, and returns their token.
func (d *desk) staff(name string, role operator.Role) (token string) {
	d.t.Helper()
	token, o, err := operator.New(name, role, time.Now())
	if err == nil {
		err = operator.Change(d.file, func(all []operator.Operator) ([]operator.Operator, error) {
			return append(all, o), nil
		})
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.roster.Refresh()
	return token
}

// as returns a browser in which an operator has signed in.
func (d *desk) as(name string) browser {
	d.t.Helper()
	secret, err := d.roster.Mint(name, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	b := d.browser()
	b.get("/sign-in?link="+secret).want(d.t, 200, "You are signed in")
	return b
}

// status is that of an answer whose body may be without end.
func (b browser) status(method, path string, header ...string) int {
	b.t.Helper()
	return b.request(method, "", path, header...)
}

// statusAt is that of a page at a host.
func (b browser) statusAt(host, path string, header ...string) int {
	b.t.Helper()
	return b.request("GET", host, path, header...)
}

func (b browser) request(method, host, path string, header ...string) int {
	b.t.Helper()
	answer := b.open(method, host, path, header...)
	answer.Body.Close()
	return answer.StatusCode
}

// open returns an answer as soon as it begins.
func (b browser) open(method, host, path string, header ...string) *http.Response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// routes are those of the pages and of the API, the latter as its document has them.
func (d *desk) routes() (pages, api []string) {
	d.t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(d.browser().get("/v1/openapi.json").body), &doc); err != nil {
		d.t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method := range methods {
			if method = strings.ToUpper(method); method != "PARAMETERS" {
				api = append(api, method+" "+path)
			}
		}
	}
	slices.Sort(api)
	return d.console.Routes(), api
}

// filled is a route with something in place of its parameters.
func filled(route string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	path = strings.NewReplacer("{$}", "", "{handle}", "AAAAAAAAAAAAAAAAAAAAAA", "{user}", "ada", "{id}", "1",
		"{receiver}", "crm").Replace(path)
	return method, path
}

// Each cell of the table, at each page and each operation: by a console session, and by a token. A new route that has
// no line in the table is named here.
//
// Rows: A29
func TestEachRoleAtEachRoute(t *testing.T) {
	d, _ := newPastDesk(t)
	pages, api := d.routes()
	if len(pages) < 13 || len(api) < 15 {
		t.Fatalf("%d pages and %d operations", len(pages), len(api))
	}
	tokens := make(map[operator.Role]string)
	for _, role := range operator.Roles {
		tokens[role] = d.staff("a-"+string(role), role)
	}
	cells := 0
	for _, route := range slices.Concat(pages, api) {
		action := operator.Needs(route)
		if action == "" {
			t.Errorf("%s has no line in the table of package operator, so that nobody may use it", route)
			continue
		}
		method, path := filled(route)
		for _, role := range operator.Roles {
			if role != operator.Metrics { // which has no console
				got := d.as("a-"+string(role)).status(method, path)
				check(t, "a session of "+string(role)+": "+route, got, action, role)
				cells++
			}
			if slices.Contains(api, route) {
				got := d.browser().status(method, path, "Authorization", "Bearer "+tokens[role])
				check(t, "a token of "+string(role)+": "+route, got, action, role)
				cells++
			}
		}
		if action != operator.Anybody {
			if got := d.browser().status(method, path); got != 401 && got != 303 {
				t.Errorf("nobody: %s: %d", route, got)
			}
		}
	}
	if want := 3*len(pages) + 7*len(api); cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
}

// check demands 403 of what may not be, and anything else of what may.
func check(t *testing.T, what string, status int, action operator.Action, role operator.Role) {
	t.Helper()
	stranger := status == 401 && action != operator.Anybody
	if refused := status == 403; refused == role.May(action) || stranger || status >= 500 && status != 503 {
		t.Errorf("%s: %d", what, status)
	}
}

func TestPageShowsWhoAndWhat(t *testing.T) {
	d := newDesk(t)
	id := d.start("ada", "", time.Minute)
	for role, may := range map[operator.Role]map[string]bool{
		operator.Viewer:   {"/end": false, "/end-everybody": false, "/end-user": false},
		operator.Support:  {"/end": true, "/end-everybody": false, "/end-user": false},
		operator.Security: {"/end": true, "/end-everybody": true, "/end-user": true},
	} {
		name := "bob-" + string(role)
		d.staff(name, role)
		b := d.as(name)
		text := ""
		for _, page := range []string{"/", "/?user=ada", "/session/" + id.String()} {
			got := b.get(page)
			got.want(t, 200, "<bdi>"+name+"</bdi>", ">"+string(role)+"<")
			text += got.body
		}
		for target, want := range may {
			there := strings.Contains(text, `action="`+target+`"><`) || strings.Contains(text, `href="`+target)
			there = there || strings.Contains(text, `action="`+target+`" data-live`)
			if target == "/end" {
				there = strings.Contains(text, ">End</button>") && strings.Contains(text, ">End it</button>")
			}
			if there != want {
				t.Errorf("the pages of %s lead to %s: %v", role, target, there)
			}
		}
	}
	b := d.as("bob-viewer")
	b.post("/end", url.Values{"handle": {id.String()}}).want(t, 403, "This is not yours to do", "Your role is viewer")
	if !d.there(id) {
		t.Error("a viewer has ended a session")
	}
}

var leads = regexp.MustCompile(`(?s)<(?:a|form)\b[^>]*?(?:href|action)="(/[^"]*)"[^>]*>`)

// No page has a link or a form that its operator may not use.
func TestPagesLeadNowhereForbidden(t *testing.T) {
	d, h := newPastDesk(t)
	id := d.start("ada", "", time.Minute)
	h.Observe(event.Event{Kind: event.SignedIn, Handle: id, User: "ada", Address: "192.0.2.7"})
	h.Flush(t.Context())
	mux := http.NewServeMux()
	for _, route := range d.console.Routes() {
		mux.Handle(route, http.NotFoundHandler())
	}
	for _, role := range []operator.Role{operator.Viewer, operator.Support, operator.Security} {
		d.staff("a-"+string(role), role)
		b := d.as("a-" + string(role))
		for _, route := range d.console.Routes() {
			method, page := filled(route)
			if method != "GET" || page == "/events" || !role.May(operator.Needs(route)) {
				continue
			}
			page = strings.Replace(page, "AAAAAAAAAAAAAAAAAAAAAA", id.String(), 1)
			for _, found := range leads.FindAllStringSubmatch(b.get(page+"?user=ada").body, -1) {
				method := "GET"
				if strings.Contains(found[0], `method="post"`) {
					method = "POST"
				}
				_, to := mux.Handler(httptest.NewRequest(method, html.UnescapeString(found[1]), nil))
				if to != "" && !role.May(operator.Needs(to)) {
					t.Errorf("%s: %s leads to %s", role, page, to)
				}
			}
		}
	}
}

// Whoever acts is named.
func TestActsHaveNames(t *testing.T) {
	d := newDesk(t)
	token := d.staff("bob", operator.Security)
	b := d.as("bob")
	b.post("/end", url.Values{"handle": {d.start("ada", "", 0).String()}}).wantRedirect(t, "/")
	b.do("DELETE", "/v1/sessions/"+d.start("ada", "", 0).String(), nil, "Sec-Fetch-Site", "same-origin").want(t, 204)
	d.browser().do("DELETE", "/v1/sessions/"+d.start("ada", "", 0).String(), nil,
		"Authorization", "Bearer "+token).want(t, 204)
	for _, why := range []string{"in console session ", "by console session", "by token"} {
		if e := <-d.events; e.Actor != "bob" || !strings.HasPrefix(e.Reason, why) {
			t.Errorf("%+v", e)
		}
	}
}

func TestTokensSignIn(t *testing.T) {
	d := newDesk(t)
	token, metrics := d.staff("bob", operator.Viewer), d.staff("prometheus", operator.Metrics)
	b := d.browser()
	b.post("/sign-in", url.Values{"token": {token}}).wantRedirect(t, "/")
	b.get("/").want(t, 200, "<bdi>bob</bdi>")
	got := d.browser().post("/sign-in", url.Values{"token": {metrics}})
	got.want(t, 401, "This token is for the role metrics, which has no console.")
	if len(got.Cookies()) != 0 {
		t.Error("a cookie came with it")
	}
	secret, _ := d.roster.Mint("prometheus", time.Now())
	d.browser().get("/sign-in?link="+secret).want(t, 410)
	secret, _ = d.roster.Mint("nobody", time.Now())
	d.browser().get("/sign-in?link="+secret).want(t, 410, "no operator of this console any more")
}

// A retired operator, and one who may do less than before, are out: the pages, the API, both kinds of streams.
func TestRetiredOperatorIsOut(t *testing.T) {
	for what, change := range map[string]func(*operator.Operator){
		"retired": nil,
		"lowered": func(o *operator.Operator) { o.Role = operator.Viewer },
		"renewed": func(o *operator.Operator) { o.NewToken() },
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			token := d.staff("bob", operator.Security)
			d.staff("eve", operator.Security)
			b, other := d.as("bob"), d.as("eve")
			ended := make(chan string, 3)
			follow := func(path string, header ...string) {
				stream := b.open("GET", "", path, header...)
				go func() {
					defer stream.Body.Close()
					text, _ := io.ReadAll(stream.Body)
					ended <- path + string(text)
				}()
			}
			follow("/events", "Accept", "text/event-stream")
			follow("/v1/watch")
			follow("/v1/watch", "Authorization", "Bearer "+token)
			go d.roster.Follow(t.Context(), d.console.Dismiss, func(err error) { t.Error(err) })
			if err := operator.Change(d.file, func(all []operator.Operator) ([]operator.Operator, error) {
				if change == nil {
					return all[1:], nil
				}
				change(&all[0])
				return all, nil
			}); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				select {
				case got := <-ended:
					t.Logf("%.40q", got)
				case <-time.After(30 * time.Second):
					t.Fatal("a stream goes on")
				}
			}
			b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
			b.get("/v1/sessions").want(t, 401)
			if want := 401; what != "lowered" {
				d.browser().get("/v1/sessions", "Authorization", "Bearer "+token).want(t, want)
			}
			other.get("/").want(t, 200)
		})
	}
}

// What has just changed in the file holds for the next request, whoever has not yet looked at the file.
func TestChangeHoldsAtOnce(t *testing.T) {
	d := newDesk(t)
	token := d.staff("bob", operator.Security)
	b := d.as("bob")
	b.get("/").want(t, 200)
	key := operator.Passkey{ID: []byte("id"), PublicKey: []byte("key"), Host: "console.example"}
	edit := func(f func(o *operator.Operator)) {
		t.Helper()
		if err := operator.Edit(d.file, "bob", func(o *operator.Operator) error { f(o); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	link := func() string {
		t.Helper()
		secret, err := d.roster.Mint("bob", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return "/sign-in?link=" + secret
	}
	bearer := []string{"Authorization", "Bearer " + token}
	edit(func(o *operator.Operator) { o.Passkeys = []operator.Passkey{key} })
	d.browser().get(link()).want(t, 200, "url=/sign-in/passkey")
	d.browser().get("/v1/sessions", bearer...).want(t, 403)
	edit(func(o *operator.Operator) { o.Passkeys = nil })
	d.browser().get("/v1/sessions", bearer...).want(t, 200)
	d.browser().get(link()).want(t, 200, "You are signed in")
	edit(func(o *operator.Operator) { o.Role = operator.Metrics })
	b.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
	d.browser().get(link()).want(t, 410)
	edit(func(o *operator.Operator) { o.Role = operator.Viewer; o.NewToken() })
	d.browser().get("/v1/sessions", bearer...).want(t, 401)
	d.browser().post("/sign-in", url.Values{"token": {token}}).want(t, 401)
}

// Sessions that began after a change was known stay: they were judged by it.
func TestDismissalSparesLaterSessions(t *testing.T) {
	d := newDesk(t)
	d.staff("bob", operator.Security)
	before := d.as("bob")
	known := time.Now()
	after := d.as("bob")
	d.console.Dismiss("bob", known)
	before.get("/").wantRedirect(t, "/sign-in?return_to=%2F")
	after.get("/").want(t, 200)
}
