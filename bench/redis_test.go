package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
)

// BenchmarkRedisNearRead reads a session that Redis has and this node has read before. Coatcheck reads from memory
// and hears of changes from Redis; scs asks Redis each time.
func BenchmarkRedisNearRead(b *testing.B) {
	b.Run("limit", limitSessionRead)
	b.Run("coatcheck", func(b *testing.B) {
		benchRead(b, nearSite(b, redisStore(rueidisClient(b, startRedis(b)), true)))
	})
	b.Run("scs", func(b *testing.B) { benchRead(b, scsRedis(b)) })
}

// BenchmarkRedisMiss reads a session that this node has not in memory, one after the other, as a request has to wait
// for the way to the server and back. Coatcheck has its cache in front, whose lease is over each time; get is one
// plain GET of as many bytes with the same client, and nothing around it.
func BenchmarkRedisMiss(b *testing.B) {
	b.Run("get", func(b *testing.B) {
		client := rueidisClient(b, startRedis(b))
		record := string(make([]byte, recordSize))
		must(client.Do(b.Context(), client.B().Set().Key("record").Value(record).Build()).Error())
		b.ReportAllocs()
		for b.Loop() {
			bounded(func(ctx context.Context) {
				got, err := client.Do(ctx, client.B().Get().Key("record").Build()).ToString()
				if err != nil || len(got) != recordSize {
					panic(fmt.Sprint(len(got), err))
				}
			})
		}
	})
	b.Run("coatcheck", func(b *testing.B) {
		benchTrips(b, forgetfulSite(b, redisStore(rueidisClient(b, startRedis(b)), false)), readUser)
	})
	b.Run("scs", func(b *testing.B) { benchTrips(b, scsRedis(b), readUser) })
}

// bounded makes a call that does not wait for ever, as Coatcheck's do not either.
func bounded(call func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	call(ctx)
}

// recordSize is about that of the sessions that are read here.
const recordSize = 320

// BenchmarkRedisWrite changes one value of three, one request after the other. evalsha is one call of a script that
// does the least with the same promises, with the same client: it refuses to overwrite what it has not seen, and
// tells whoever listens, as this process does.
func BenchmarkRedisWrite(b *testing.B) {
	b.Run("evalsha", func(b *testing.B) {
		client := rueidisClient(b, startRedis(b))
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		heard := make(chan struct{}, 1)
		go rueidisstore.Subscribe(client)(ctx, []string{"feed"}, func(_, _ string) {
			select {
			case heard <- struct{}{}:
			default:
			}
		})
		script := rueidis.NewLuaScript(`
if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3], 'PX', 86400000)
redis.call('PUBLISH', 'feed', ARGV[2])
return 1`)
		record, version := string(make([]byte, recordSize-8)), 0
		first := fmt.Sprintf("%08d", version) + record
		must(client.Do(b.Context(), client.B().Set().Key("record").Value(first).Build()).Error())
		write := func() {
			bounded(func(ctx context.Context) {
				args := []string{fmt.Sprintf("%08d", version), fmt.Sprintf("%08d", version+1), record}
				if done, err := script.Exec(ctx, client, []string{"record"}, args).AsInt64(); done != 1 {
					panic(fmt.Sprint(done, err))
				}
				version++
			})
		}
		await(b, func() error {
			write()
			select {
			case <-heard:
				return nil
			default:
				return errors.New("nobody listens")
			}
		})
		b.ReportAllocs()
		for b.Loop() {
			write()
		}
	})
	b.Run("coatcheck", func(b *testing.B) {
		benchTrips(b, nearSite(b, redisStore(rueidisClient(b, startRedis(b)), true)), writeView)
	})
	b.Run("scs", func(b *testing.B) { benchTrips(b, scsRedis(b), writeView) })
}

func readUser(s site, _ http.ResponseWriter, r *http.Request, _ int) {
	if s.user(r) != user {
		panic("not signed in")
	}
}

func writeView(s site, w http.ResponseWriter, r *http.Request, n int) { s.setView(w, r, n) }

// benchTrips has one browser make one request after the other.
func benchTrips(b *testing.B, s site, do func(site, http.ResponseWriter, *http.Request, int)) {
	b.ReportAllocs()
	r, w, n := request(s.signedIn(user, true)), newNullWriter(), 0
	h := s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { do(s, w, r, n) }))
	for b.Loop() {
		clear(w.h)
		n++
		h.ServeHTTP(w, r)
	}
}

// nearSite is Coatcheck with a cache in front of a store, whose feed is up.
func nearSite(b *testing.B, inner store.Store) site {
	st := near.New(inner, near.Options{})
	b.Cleanup(st.Close)
	s := coatcheckSite(st)
	b.Cleanup(s.close)
	read := s.wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { s.user(r) }))
	w, r := newNullWriter(), request(s.signedIn(user, true))
	await(b, func() error {
		read.ServeHTTP(w, r)
		if st.Stats().Hits == 0 {
			return errors.New("nothing is kept near: the feed is not up")
		}
		return nil
	})
	return s
}

// forgetfulSite is the same with a cache that has never anything that is still good.
func forgetfulSite(b *testing.B, inner store.Store) site {
	st := near.New(inner, near.Options{Lease: 1})
	b.Cleanup(st.Close)
	s := coatcheckSite(st)
	b.Cleanup(s.close)
	return s
}

func rueidisClient(b *testing.B, addr string) rueidis.Client {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}})
	must(err)
	b.Cleanup(client.Close)
	return client
}

// redisStore is the store through rueidis, with a feed if that is wanted.
func redisStore(client rueidis.Client, fed bool) store.Store {
	var o redisstore.Options
	if fed {
		o.Subscribe = rueidisstore.Subscribe(client)
	}
	return redisstore.New(rueidisstore.Do(client), o)
}

// scsRedis is scs with the store that its authors recommend for Redis, and an idle timeout of none, which spares it a
// write each time.
func scsRedis(b *testing.B) site {
	client := redis.NewClient(&redis.Options{Addr: startRedis(b), ReadTimeout: time.Minute})
	b.Cleanup(func() { client.Close() })
	return scsSite(goredisstore.New(client), 0)
}
