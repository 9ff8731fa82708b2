package migrate_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	scsredis "github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
)

// oldSCS is a site as scs's own documentation builds it.
func oldSCS(m *scs.SessionManager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		if err := m.RenewToken(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		m.Put(r.Context(), "userID", r.FormValue("user"))
		m.Put(r.Context(), "cart", []item{{"tea", 2}})
	})
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		items, _ := m.Get(r.Context(), "cart").([]item)
		answer(w, m.GetString(r.Context(), "userID"), items)
	})
	return m.LoadAndSave(mux)
}

func fromSCS(t *testing.T, o migrate.SCSOptions) session.Migration {
	t.Helper()
	o.User = func(old map[string]any) string { user, _ := old["userID"].(string); return user }
	o.Values = func(s *session.Session, old map[string]any) error { return cart.Set(s, old["cart"].([]item)) }
	from, err := migrate.SCS(o)
	if err != nil {
		t.Fatal(err)
	}
	return from
}

// rows counts what a table has.
func rows(t *testing.T, db *sql.DB) func() int {
	return func() (n int) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM sessions").Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
}

func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "old.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestSCSOnSQLite(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*scs.SessionManager)
		from migrate.SCSOptions
	}{
		{"as it comes", func(*scs.SessionManager) {}, migrate.SCSOptions{}},
		{"hashed tokens", func(m *scs.SessionManager) {
			m.HashTokenInStore = true
		}, migrate.SCSOptions{HashTokenInStore: true}},
		{"idle timeout", func(m *scs.SessionManager) { m.IdleTimeout = time.Hour }, migrate.SCSOptions{}},
		{"another cookie", func(m *scs.SessionManager) {
			m.Cookie.Name, m.Cookie.Secure = "sid", true
		}, func() (o migrate.SCSOptions) {
			o.Cookie.Name = "sid"
			return o
		}()},
		{"partitioned cookie", func(m *scs.SessionManager) {
			m.Cookie.Partitioned, m.Cookie.Secure = true, true
		}, func() (o migrate.SCSOptions) {
			o.Cookie.Partitioned, o.Cookie.Secure = true, true
			return o
		}()},
		{"its own codec", func(*scs.SessionManager) {}, migrate.SCSOptions{Decode: scs.GobCodec{}.Decode}},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := openSQLite(t)
			m := scs.New()
			m.Store = sqlite3store.NewWithCleanupInterval(db, 0)
			c.set(m)
			c.from.Records = migrate.SQLite(db, "sessions")
			moves(t, oldSCS(m), fromSCS(t, c.from), rows(t, db))
		})
	}
}

// What scs itself would refuse does not move in.
func TestSCSExpired(t *testing.T) {
	for name, set := range map[string]func(*scs.SessionManager){
		"absolute": func(m *scs.SessionManager) { m.Lifetime = time.Second },
		"idle":     func(m *scs.SessionManager) { m.IdleTimeout = time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openSQLite(t)
			m := scs.New()
			m.Store = sqlite3store.NewWithCleanupInterval(db, 0)
			set(m)
			s := newSite(t, oldSCS(m))
			ann := s.browser()
			ann.get("/sign-in?user=ann")
			kept := ann.copied()
			time.Sleep(1500 * time.Millisecond)
			// A browser drops the cookie with its session; a thief's copy is kept for ever.
			cookies := kept.jar.All()
			for i := range cookies {
				cookies[i].Expires = time.Now().Add(time.Hour)
			}
			if err := kept.jar.Add(cookies...); err != nil {
				t.Fatal(err)
			}
			s.change(fromSCS(t, migrate.SCSOptions{Records: migrate.SQLite(db, "sessions"), Lifetime: m.Lifetime}))
			kept.says("an expired session", nobody)
		})
	}
}

func TestSCSOnPostgreSQL(t *testing.T) {
	db := postgres.Start(t).Open(t, "postgres")
	const table = `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`
	if _, err := db.Exec(table); err != nil {
		t.Fatal(err)
	}
	m := scs.New()
	m.Store = postgresstore.NewWithCleanupInterval(db, 0)
	moves(t, oldSCS(m), fromSCS(t, migrate.SCSOptions{Records: migrate.PostgreSQL(db, "public.sessions")}), rows(t, db))
}

func TestSCSOnRedis(t *testing.T) {
	node := redisserver.Start(t)
	client := redis.NewClient(redisOptions(node.Addr))
	t.Cleanup(func() { client.Close() })
	do := goredisstore.Do(client)
	m := scs.New()
	m.Store = scsredis.New(client)
	from := fromSCS(t, migrate.SCSOptions{Records: migrate.Redis(do, "scs:session:")})
	keys := func() int {
		n, err := client.DBSize(context.Background()).Result()
		if err != nil {
			t.Error(err)
		}
		return int(n)
	}
	t.Run("moves", func(t *testing.T) { moves(t, oldSCS(m), from, keys) })

	t.Run("down", func(t *testing.T) {
		s := newSite(t, oldSCS(m))
		ann := s.browser()
		ann.get("/sign-in?user=ann")
		s.change(from)
		node.Proc.Signal(syscall.SIGSTOP)
		expectDown(t, ann)
		node.Proc.Signal(syscall.SIGCONT)
		ann.says("after Redis came back", annHas)
		if n := keys(); n != 0 {
			t.Errorf("%d old records are left, want none", n)
		}
	})
}

// redisOptions give up soon, so that a test of an outage is short.
func redisOptions(addr string) *redis.Options {
	return &redis.Options{Addr: addr, ReadTimeout: time.Second, WriteTimeout: time.Second, DialTimeout: time.Second,
		MaxRetries: -1}
}
