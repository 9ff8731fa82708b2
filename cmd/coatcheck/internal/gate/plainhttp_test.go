package gate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Where the browser would drop the cookie, the visitor is told instead of signed in, and nothing that the answer asks
// for is done.
//
// Rows: R20
func TestSignInOverPlainHTTP(t *testing.T) {
	for host, want := range map[string]struct{ status, rows int }{
		"dev.lan:8080": {http.StatusForbidden, 0}, "DEV.LAN.": {http.StatusForbidden, 0},
		"[fd00::1]:8080": {http.StatusForbidden, 0}, "localhost:8080": {http.StatusOK, 1},
		"shop.localhost": {http.StatusOK, 1},
	} {
		for _, insecure := range []bool{false, true} {
			if insecure {
				want.status, want.rows = http.StatusOK, 1
			}
			s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Coatcheck-Sign-In", "ada")
				w.Header().Set("Coatcheck-Set", `cart=["tea"]`)
			}, func(o *setup) { o.session.InsecureCookie = insecure })
			r, err := http.NewRequest("POST", s.url+"/login", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != want.status || want.rows == 0 && !strings.Contains(string(body), "--dev") {
				t.Errorf("%s, insecure %t: %d %s, want %d", host, insecure, res.StatusCode, body, want.status)
			}
			if n, err := s.store.Count(t.Context(), "", time.Time{}); err != nil || n != want.rows {
				t.Errorf("%s, insecure %t: %d sessions, want %d; %v", host, insecure, n, want.rows, err)
			}
		}
	}
}
