package near

import (
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/storetest"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
)

// Every engine keeps the contract behind a cache as well. Sentinels and a Cluster, which have more to start, are with
// the tests of package redisstore.
func TestContract(t *testing.T) {
	t.Parallel()
	for _, engine := range []struct {
		name  string
		start func(t *testing.T) (open func(t *testing.T) store.Store)
	}{
		{"sqlite", func(*testing.T) func(*testing.T) store.Store {
			return func(t *testing.T) store.Store {
				db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "sessions.db"))
				must(t, err)
				return keep(t, db, sqlstore.SQLite, sqlstore.Options{})
			}
		}},
		{"postgresql", func(t *testing.T) func(*testing.T) store.Store {
			server := postgres.Start(t)
			return func(t *testing.T) store.Store {
				return keep(t, server.Open(t, server.Create(t)), sqlstore.PostgreSQL, sqlstore.Options{})
			}
		}},
		{"mariadb", func(t *testing.T) func(*testing.T) store.Store {
			server := mariadb.Start(t)
			return func(t *testing.T) store.Store {
				return keep(t, server.Open(t, server.Create(t), "interpolateParams=true"), sqlstore.MySQL,
					sqlstore.Options{})
			}
		}},
		{"redis", func(t *testing.T) func(*testing.T) store.Store {
			server := redisserver.Start(t)
			return func(t *testing.T) store.Store { return onRedis(t, rand.Text()+":", server.Addr, server.Addr) }
		}},
	} {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			open := engine.start(t)
			var hits uint64
			storetest.Run(t, func(t *testing.T) store.Store {
				st := near.New(open(t), near.Options{})
				t.Cleanup(func() {
					hits += st.Stats().Hits + st.Stats().NegativeHits
					st.Close()
				})
				return storetest.Shift(st)
			})
			if t.Logf("%d reads were answered from the cache", hits); hits == 0 {
				t.Error("the suite has tested the store behind the cache")
			}
		})
	}
}
