package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/session"
)

// An operator learns what a pasted cookie is worth and of whose session it is, and the page does not repeat it.
//
// Rows: A35
func TestExplain(t *testing.T) {
	var sessions *session.Manager
	d := newDesk(t, func(o *console.Options) { sessions = o.Sessions })
	signIn := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := sessions.From(r.Context()).SignIn("ada <b>", session.By("password")); err != nil {
			t.Error(err)
		}
	}))
	shop := httptest.NewRecorder()
	signIn.ServeHTTP(shop, httptest.NewRequest(http.MethodGet, "https://shop.example/", nil))
	line := shop.Header().Get("Set-Cookie")
	pair, _, _ := strings.Cut(line, ";")
	_, ticket, _ := strings.Cut(pair, "=")
	b := d.operator()
	b.get("/").want(t, 200, `href="/explain"`)
	b.get("/explain").want(t, 200, "What is this cookie worth?", "<textarea")
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"Cookie: " + pair + "; theme=<i>", []string{": live", "ada &lt;b&gt;", ticket[1:23], "theme</bdi>: other"}},
		{line, []string{": live", "What browsers make of the lines", "Chrome    kept"}},
		{ticket[:50] + "AAAAA", []string{"The ticket: forged"}},
		{"1" + strings.Repeat("A", 54), []string{"The ticket: unknown"}},
		{ticket[1:23], []string{"<h2>A handle</h2>", "The session is live", "ada &lt;b&gt;"}},
		{strings.Repeat("A", 22), []string{"<h2>A handle</h2>", "There is no live session of it"}},
		{"garbage", []string{"The ticket: malformed"}},
	} {
		got := b.post("/explain", url.Values{"cookie": {tt.text}})
		got.want(t, 200, tt.want...)
		if strings.Contains(got.body, ticket[23:]) || strings.Contains(got.body, "<i>") {
			t.Errorf("%.30q: the page repeats it: %s", tt.text, got.body)
		}
	}
	b.post("/explain", url.Values{"cookie": {" \n"}}).want(t, 422, "There is nothing to explain", `aria-invalid="true"`)
	b.post("/explain", url.Values{"cookie": {strings.Repeat("a", 9000)}}).want(t, 400, "could not be read")
	if i, err := sessions.List(t.Context(), "ada <b>"); err != nil || len(i) != 1 {
		t.Errorf("after that there are %v, %v", i, err)
	}
	d.browser().post("/explain", url.Values{"cookie": {ticket}}).want(t, 401)
	b.post("/explain", url.Values{"cookie": {ticket}}, "Sec-Fetch-Site", "cross-site").want(t, 403)
}
