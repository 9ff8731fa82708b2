package e2e_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Nodes that share a database have one history: what has happened at one of them is known at the other, who ended what
// among it, and what is erased at one is gone at both. A single node has it in a file.
func TestNodesShareTheHistory(t *testing.T) {
	t.Parallel()
	places := map[string]func(t testing.TB) (string, *sql.DB){
		"postgres": engines["postgres"], "mariadb": engines["mariadb"], "file": nil,
	}
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var args []string
			if start != nil {
				address, _ := start(t)
				args = []string{"--store", address}
			}
			a := open(t, append([]string{"demo"}, args...)...)
			b := a
			if start != nil {
				b = open(t, append([]string{"demo"}, args...)...)
			}
			ada := newVisitor(t, a.site)
			ada.post("/cart", "item", "biscuits")
			ada.do(http.MethodPost, "/login", "user", "ada", "password", passwords["ada"])
			if got := a.ask(http.MethodDelete, "/v1/users/ada/sessions"); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			ended := b.await("/v1/history?user=ada&kind=session_revoked", `"operator":"operator"`)
			if !strings.Contains(ended, `"address":"127.0.0.1"`) {
				t.Errorf("the end says %s", ended)
			}
			b.await("/v1/history?user=ada&address=127.0.0.0/8", `"was":"`)
			if got := b.ask(http.MethodGet, "/v1/history?user=Ada"); strings.Contains(got.body, "session_revoked") {
				t.Error("names are compared without their capitals")
			}
			operator := newVisitor(t, b.console)
			operator.get(strings.TrimPrefix(b.link, b.console))
			charts := operator.get("/charts")
			if charts.status != 200 || !strings.Contains(charts.body, "at most, in the hour of") {
				t.Errorf("the charts are %d %s", charts.status, charts.body)
			}
			if got := b.ask(http.MethodDelete, "/v1/history?user=ada"); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if got := a.ask(http.MethodGet, "/v1/history?user=ada"); strings.Contains(got.body, "ada") {
				t.Errorf("after it was erased there is %s", got.body)
			}
			a.await("/v1/history?kind=history_erased", `"detail":"`)
		})
	}
}

// await asks until an answer has a text.
func (h *program) await(path, text string) (body string) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if body = h.ask(http.MethodGet, path).body; strings.Contains(body, text) {
			return body
		}
	}
	h.t.Fatalf("%s: there is no %s in %s", path, text, body)
	return ""
}
