package near

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/rueidis"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/relay"
	"coatcheck.dev/test/internal/trial"
	"coatcheck.dev/test/internal/twonodes"
)

func TestMain(m *testing.M) {
	// The driver would tell of each connection that is cut.
	if err := mysql.SetLogger(new(mysql.NopLogger)); err != nil {
		panic(err)
	}
	m.Run()
}

// revocations is how many are measured on each server: a few, or 10,000 under torture.
func revocations(few int) int { return trial.Times(few, 10_000) }

// soon is how long one of a hundred revocations may take to be refused on the other node. It counts under torture:
// other tests on the same machine keep a node from running for longer than that.
func soon() time.Duration {
	if trial.Torture() {
		return 50 * time.Millisecond
	}
	return 0
}

// relayed is a store that reaches its server through relays: the first one is its way to ask, and one more is that of
// its feed, if that has a way of its own.
type relayed struct {
	store.Store
	store.Feed
	ways []*relay.Relay
}

// Each way to break relays returns what repairs them.

func cut(which func(relayed) []*relay.Relay) func(testing.TB, store.Store) func() {
	return breaking(which, (*relay.Relay).Cut)
}

func silence(which func(relayed) []*relay.Relay) func(testing.TB, store.Store) func() {
	return breaking(which, (*relay.Relay).Silence)
}

func breaking(which func(relayed) []*relay.Relay, how func(*relay.Relay)) func(testing.TB, store.Store) func() {
	return func(_ testing.TB, b store.Store) (repair func()) {
		all := which(b.(relayed))
		for _, r := range all {
			how(r)
		}
		return func() {
			for _, r := range all {
				r.Heal()
			}
		}
	}
}

func every(b relayed) []*relay.Relay { return b.ways }
func ear(b relayed) []*relay.Relay   { return b.ways[1:] }

// databases opens two nodes on a database server, each with a pool of its own, the second one through a relay. The feed
// asks through the pool as everybody does, so it cannot be cut alone.
func databases(addr string, create func(testing.TB) string,
	open func(t testing.TB, addr, database string) *sqlstore.Store) func(testing.TB) (a, b store.Store) {
	return func(t testing.TB) (a, b store.Store) {
		database, wire := create(t), relay.Start(t, addr)
		x, y := open(t, addr, database), open(t, wire.Addr, database)
		return x, relayed{y, y, []*relay.Relay{wire}}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func keep(t testing.TB, db *sql.DB, d sqlstore.Dialect, o sqlstore.Options) *sqlstore.Store {
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	st := sqlstore.New(db, d, o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := st.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		db.Close()
	})
	return st
}

// Rows: I1
func TestTwoNodesAgreeOnPostgreSQL(t *testing.T) {
	t.Parallel() // mostly it waits
	server := postgres.Start(t)
	twonodes.Harness{
		Open: databases(server.Addr, server.Create, func(t testing.TB, addr, database string) *sqlstore.Store {
			dsn := strings.Replace(server.DSN(database), server.Addr, addr, 1)
			db, err := sql.Open("pgx", dsn)
			must(t, err)
			return keep(t, db, sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(dsn)})
		}),
		Sever: cut(every), Swallow: silence(every),
		Lease: lease, Revocations: revocations(300), P99: soon(),
	}.Run(t)
}

// MariaDB has no way to say that something has changed: who wants to know looks again and again.
//
// Rows: I1
func TestTwoNodesAgreeOnMariaDB(t *testing.T) {
	t.Parallel() // mostly it waits
	server := mariadb.Start(t)
	twonodes.Harness{
		Open: databases(server.Addr, server.Create, func(t testing.TB, addr, database string) *sqlstore.Store {
			db, err := sql.Open("mysql",
				strings.Replace(server.DSN(database, "interpolateParams=true"), server.Addr, addr, 1))
			must(t, err)
			return keep(t, db, sqlstore.MySQL, sqlstore.Options{})
		}),
		Sever: cut(every), Swallow: silence(every),
		Lease: lease, Revocations: revocations(100), P99: soon(),
	}.Run(t)
}

// Rows: I1
func TestTwoNodesAgreeOnRedis(t *testing.T) {
	t.Parallel() // mostly it waits
	server := redisserver.Start(t)
	twonodes.Harness{
		Open: func(t testing.TB) (a, b store.Store) {
			prefix, wire, hears := rand.Text()+":", relay.Start(t, server.Addr), relay.Start(t, server.Addr)
			x, y := onRedis(t, prefix, server.Addr, server.Addr), onRedis(t, prefix, wire.Addr, hears.Addr)
			return x, relayed{y, y, []*relay.Relay{wire, hears}}
		},
		Kill: cut(ear), Mute: silence(ear), Sever: cut(every), Swallow: silence(every),
		Lease: lease, Revocations: revocations(300), P99: soon(),
	}.Run(t)
}

// onRedis asks at one address, and hears at another.
func onRedis(t testing.TB, prefix, asks, hears string) *redisstore.Store {
	client := redisClient(t, asks)
	st := redisstore.New(rueidisstore.Do(client), redisstore.Options{
		Prefix:    prefix,
		Subscribe: subscribeAt(t, hears),
	})
	t.Cleanup(st.Close)
	return st
}

// subscribeAt connects anew each time: a client of its own that is cut off would be busy with that for a while.
func subscribeAt(t testing.TB, addr string) redisstore.Subscribe {
	return func(ctx context.Context, channels []string, message func(channel, payload string)) error {
		client, err := rueidis.NewClient(clientOptions(addr))
		if err != nil {
			return err
		}
		defer client.Close()
		return rueidisstore.Subscribe(client)(ctx, channels, message)
	}
}

func redisClient(t testing.TB, addr string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(clientOptions(addr))
	must(t, err)
	t.Cleanup(client.Close)
	return client
}

func clientOptions(addr string) rueidis.ClientOption {
	return rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true, ConnWriteTimeout: 2 * time.Second}
}
