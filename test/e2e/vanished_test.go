package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/trial"
)

// A record that somebody has removed by hand is near on both nodes for a while. The sign-out of its user at one node
// reaches the other one at once, although it finds nothing to end.
//
// Rows: I1, R3
func TestSignOutOfAUserWhoseRecordsVanished(t *testing.T) {
	t.Parallel()
	for name, start := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, db := start(t)
			a, b := open(t, "demo", "--store", address), open(t, "demo", "--store", address)
			v := newVisitor(t, a.site)
			v.signIn("ada")
			ada := me{"ada", []string{}, "light"}
			v.at(a).is(ada)
			v.at(b).is(ada)
			var err error
			if db != nil {
				_, err = db.Exec("DELETE FROM coatcheck_sessions")
			} else {
				addr := strings.TrimSuffix(strings.TrimPrefix(address, "redis://"), "/0")
				err = redisserver.GoRedisClient(t, addr).FlushDB(t.Context()).Err()
			}
			if err != nil {
				t.Fatal(err)
			}
			if x := a.ask(http.MethodDelete, "/v1/users/ada/sessions"); strings.TrimSpace(x.body) != `{"ended":0}` {
				t.Fatalf("end the user's: %d %s", x.status, x.body)
			}
			v.at(a).is(nobody)
			took := v.at(b).soon(nobody)
			t.Logf("refused on the other node after %v", took)
			if trial.Torture() && took > time.Second {
				t.Errorf("refused on the other node after %v", took)
			}
		})
	}
}
