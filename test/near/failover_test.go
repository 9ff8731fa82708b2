package near

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/store/redis/rueidisstore"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/relay"
	"coatcheck.dev/test/internal/trial"
)

// A pair is a writer and a server that follows it.
type pair struct {
	writer, standby string // addresses
	open            func(t *testing.T, addr string) store.Store
	fence, promote  func() // the writer takes no writes any more; the standby does
}

func postgresPair(t *testing.T) pair {
	a := postgres.Start(t)
	b := a.Standby(t)
	return pair{
		writer: a.Addr, standby: b.Addr, fence: func() { a.Fence(t) }, promote: func() { b.Promote(t) },
		open: func(t *testing.T, addr string) store.Store {
			dsn := strings.Replace(a.DSN("postgres"), a.Addr, addr, 1)
			db, err := sql.Open("pgx", dsn)
			must(t, err)
			return keep(t, db, sqlstore.PostgreSQL, sqlstore.Options{Listen: pgxlisten.DSN(dsn)})
		},
	}
}

func mariadbPair(t *testing.T) pair {
	a := mariadb.Start(t, "log-bin=log", "server-id=1", "gtid-strict-mode=1")
	b := mariadb.Start(t, "log-bin=log", "server-id=2", "gtid-strict-mode=1", "log-slave-updates=1")
	b.Follow(t, a)
	root := a.Open(t, "")
	for _, text := range []string{"CREATE DATABASE site", "CREATE USER app", "GRANT ALL ON site.* TO app"} {
		_, err := root.Exec(text)
		must(t, err)
	}
	return pair{
		writer: a.Addr, standby: b.Addr, fence: func() { a.Fence(t) }, promote: func() { b.Promote(t) },
		open: func(t *testing.T, addr string) store.Store {
			db, err := sql.Open("mysql", "app@tcp("+addr+")/site?interpolateParams=true")
			must(t, err)
			return keep(t, db, sqlstore.MySQL, sqlstore.Options{})
		},
	}
}

func rueidisPair(t *testing.T) pair {
	return redisPair(t, func(t *testing.T, addr string) store.Store {
		client, err := rueidisstore.NewClient(clientOptions(addr))
		must(t, err)
		t.Cleanup(client.Close)
		return rueidisstore.New(client, redisstore.Options{})
	})
}

func goRedisPair(t *testing.T) pair {
	return redisPair(t, func(t *testing.T, addr string) store.Store {
		return goredisstore.New(redisserver.GoRedisClient(t, addr), redisstore.Options{})
	})
}

// redisPair has the old master follow the new one, as Sentinels do.
func redisPair(t *testing.T, open func(t *testing.T, addr string) store.Store) pair {
	soon := []string{"--repl-diskless-sync-delay", "0"}
	a, b := redisserver.Start(t, soon...), redisserver.Start(t, soon...)
	b.Follow(a)
	return pair{
		writer: a.Addr, standby: b.Addr, fence: func() {},
		promote: func() {
			b.Do("REPLICAOF", "NO", "ONE")
			a.Follow(b)
		},
		open: func(t *testing.T, addr string) store.Store {
			s := open(t, addr)
			t.Cleanup(s.(*redisstore.Store).Close)
			return s
		},
	}
}

// sentinelPair has no address that leads to the writer: clients ask the Sentinels. A write that the old master takes
// while a replica becomes the master is lost, so writes wait for the replica.
func sentinelPair(t *testing.T) pair {
	set := redisserver.StartSentinels(t, 1)
	return pair{
		fence: func() {}, promote: set.Failover,
		open: func(t *testing.T, _ string) store.Store {
			client := set.Rueidis()
			s := rueidisstore.New(client, redisstore.Options{
				Durability: redisstore.Replicated(1, time.Second, rueidisstore.Pipeline(client)),
			})
			t.Cleanup(s.Close)
			return s
		},
	}
}

// A node that keeps its connections to a server that has become a standby lets nobody in whose session has ended at the
// new writer since, once the lease is over, and goes on by itself as soon as the address leads there.
//
// Rows: I1, R3
func TestFailoverByHand(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) pair{
		"PostgreSQL": postgresPair, "MariaDB": mariadbPair,
		"Redis through rueidis": rueidisPair, "Redis through go-redis": goRedisPair,
		"Redis with Sentinels": sentinelPair,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // mostly it waits
			for round := range trial.Times(5, 200) {
				t.Run(fmt.Sprint(round), func(t *testing.T) { failover(t, start(t)) })
			}
		})
	}
}

func failover(t *testing.T, p pair) {
	const lease = 1500 * time.Millisecond
	ctx := context.Background()
	address := relay.Start(t, p.writer)
	a := near.New(p.open(t, address.Addr), near.Options{Lease: lease})
	t.Cleanup(a.Close)
	await(t, "the feed", func() error {
		if !a.Stats().FeedUp {
			return errors.New("it is down")
		}
		return nil
	})
	zoe := record("zoe")
	must(t, a.Create(ctx, zoe, store.ID{}))
	_, err := a.Load(ctx, zoe.ID)
	must(t, err)
	p.awaitStandby(t, zoe.ID)
	b := p.open(t, p.standby)

	p.fence()
	p.promote()
	address.Lead(p.standby)
	led := time.Now()
	await(t, "an end at the new writer", func() error {
		_, err := b.Delete(ctx, zoe.ID)
		return err
	})
	ended := time.Now()

	for served := false; !served || time.Since(ended) < 2*lease; time.Sleep(5 * time.Millisecond) {
		asked := time.Now()
		_, err := a.Load(ctx, zoe.ID)
		if err == nil && asked.Sub(ended) > lease {
			t.Fatalf("zoe is let in %v after her end", asked.Sub(ended))
		}
		if !served && errors.Is(err, store.ErrNotFound) && a.Create(ctx, record("ann"), store.ID{}) == nil {
			served = true
			t.Logf("full service %v after the address led to the new writer", time.Since(led))
			if trial.Torture() && time.Since(led) > 2*time.Second {
				t.Error("that took too long")
			}
		}
		if !served && time.Since(led) > time.Minute {
			t.Fatalf("there is no service after a minute: %v", err)
		}
	}
}

// A standby may lack what the writer has. That is no reason to sign anybody out.
//
// Rows: I1
func TestWhatAStandbyLacksIsNotMissing(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) pair{
		"PostgreSQL": postgresPair, "MariaDB": mariadbPair,
		"Redis through rueidis": rueidisPair, "Redis through go-redis": goRedisPair,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ctx := start(t), context.Background()
			a, zoe := p.open(t, p.writer), record("zoe")
			must(t, a.Create(ctx, zoe, store.ID{}))
			if _, err := a.Load(ctx, store.NewID()); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the writer says of a made-up session: %v", err)
			}
			p.awaitStandby(t, zoe.ID)
			_, err := p.open(t, p.standby).Load(ctx, store.NewID())
			if err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("the standby is believed that there is no such session: %v", err)
			}
		})
	}
}

// awaitStandby waits until the standby has a record. A store that has found out that it asks a standby believes nothing
// any more, so that there is another one for each look.
func (p *pair) awaitStandby(t *testing.T, id store.ID) {
	t.Helper()
	await(t, "the standby to have what the writer has", func() error {
		_, err := p.open(t, p.standby).Load(context.Background(), id)
		return err
	})
}

// await repeats a look until it finds no error.
func await(t *testing.T, what string, look func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s: %v", what, err)
		}
	}
}

// record returns a new session of a user.
func record(user string) store.Record {
	now := time.Now()
	return store.Record{
		ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		IdleTimeout: time.Hour,
	}
}
