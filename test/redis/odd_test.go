package redis_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/rueidisstore"
	"coatcheck.dev/test/internal/redisserver"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within waits until something is so.
func within(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// Clients repeat a command when the connection breaks before its answer has come. Here they always do.
func TestAClientThatRepeatsEverything(t *testing.T) {
	do := rueidisstore.Do(redisserver.RueidisClient(t, redisserver.Start(t).Addr))
	s := redisstore.New(func(ctx context.Context, key string, args ...any) (any, error) {
		if _, err := do(ctx, key, args...); err != nil {
			return nil, err
		}
		return do(ctx, key, args...)
	}, redisstore.Options{})
	ctx := t.Context()
	visitor, user := session(""), session("ada")
	must(t, s.Create(ctx, visitor, store.ID{}))
	visitor.Version = 1
	must(t, s.Save(ctx, visitor))
	user.Version = 2
	must(t, s.Create(ctx, user, visitor.ID))
	if list, err := s.List(ctx, store.Query{User: "ada"}); err != nil || len(list) != 1 {
		t.Errorf("listed %d, %v; want 1", len(list), err)
	}
	if n, err := s.Count(ctx, "", time.Time{}); err != nil || n != 1 {
		t.Errorf("counted %d, %v; want 1", n, err)
	}
	if _, err := s.Load(ctx, visitor.ID); err != store.ErrNotFound {
		t.Errorf("the replaced session loads with %v", err)
	}
	if _, err := s.DeleteUser(ctx, "ada"); err != nil {
		t.Error(err)
	}
	if _, err := s.Load(ctx, user.ID); err != store.ErrNotFound {
		t.Errorf("after a sign-out everywhere: %v", err)
	}
}

// Records also go without the store's doing: when their time to live is over, or by a stranger's hand. Then only the
// indexes know them, and nobody may see that.
func TestRecordsThatVanish(t *testing.T) {
	node := redisserver.Start(t)
	s := viaRueidis(redisserver.RueidisClient(t, node.Addr)).open(t, "", redisstore.Fast)
	ctx := t.Context()
	r, stays := session("ada"), session("ada")
	must(t, s.Create(ctx, r, store.ID{}))
	must(t, s.Create(ctx, stays, store.ID{}))
	left := time.Duration(node.Do("PTTL", s.RecordKey(r.ID)).(int64)) * time.Millisecond
	if left < 7*24*time.Hour || left > 9*24*time.Hour {
		t.Errorf("a record that ends in a day has %v to live, want a week more", left)
	}
	node.Do("DEL", s.RecordKey(r.ID))
	if n, err := s.Count(ctx, "ada", time.Time{}); err != nil || n != 1 {
		t.Errorf("ada has %d, %v; want 1", n, err)
	}
	for _, user := range []string{"ada", ""} {
		if list, err := s.List(ctx, store.Query{User: user}); err != nil || len(list) != 1 || list[0].ID != stays.ID {
			t.Errorf("the listing of %q has %d, %v; want 1", user, len(list), err)
		}
	}
	if n, err := s.Count(ctx, "", time.Time{}); err != nil || n != 1 {
		t.Errorf("after the listing there are %d in all, %v; want 1", n, err)
	}
	node.Do("DEL", s.RecordKey(stays.ID))
	if n, err := s.Sweep(ctx, stays.ExpiresAt, 10); err != nil || n != 0 {
		t.Errorf("swept %d, %v; want none", n, err)
	}
	if n, err := s.Count(ctx, "", time.Time{}); err != nil || n != 0 {
		t.Errorf("after the sweep there are %d in all, %v; want none", n, err)
	}
	must(t, s.Create(ctx, r, store.ID{}))
	if ids, err := s.DeleteUser(ctx, "ada"); err != nil || len(ids) != 1 {
		t.Errorf("deleted %d, %v; want 1", len(ids), err)
	}
}

// A full server takes no sessions, says so, and still lets everybody sign out.
func TestAFullServer(t *testing.T) {
	set := redisserver.StartSentinels(t, 1)
	d := viaRueidis(set.Rueidis())
	for name, durability := range map[string]redisstore.Durability{
		"Fast": redisstore.Fast, "Replicated": redisstore.Replicated(1, 5*time.Second, d.pipeline),
	} {
		t.Run(name, func(t *testing.T) {
			set.Nodes[0].Do("CONFIG", "SET", "maxmemory", 0)
			s := d.open(t, name+":", durability)
			ctx := t.Context()
			r, other := session("ada"), session("ada")
			must(t, s.Create(ctx, r, store.ID{}))
			must(t, s.Create(ctx, other, store.ID{}))
			set.Nodes[0].Do("CONFIG", "SET", "maxmemory", 1)
			err := s.Create(ctx, session(""), store.ID{})
			if err == nil || !strings.Contains(err.Error(), "create a session: Redis has used all the memory") {
				t.Errorf("create: %v", err)
			}
			if found, err := s.Delete(ctx, r.ID); err != nil || !found {
				t.Errorf("delete: %v, %v", found, err)
			}
			if _, err := s.Load(ctx, other.ID); err != nil {
				t.Errorf("load: %v", err)
			}
			if ids, err := s.DeleteUser(ctx, "ada"); err != nil || len(ids) != 1 {
				t.Errorf("delete user: %v, %v", ids, err)
			}
		})
	}
}

// What no replica has confirmed is no success, and is not forgotten.
func TestAnUnconfirmedRevoke(t *testing.T) {
	set := redisserver.StartSentinels(t, 1)
	d := goRedis(set.GoRedis())
	s := d.open(t, "", redisstore.Replicated(1, 200*time.Millisecond, d.pipeline))
	ctx := t.Context()
	r, other := session("ada"), session("alan")
	must(t, s.Create(ctx, r, store.ID{}))
	must(t, s.Create(ctx, other, store.ID{}))

	set.Nodes[1].Proc.Signal(syscall.SIGSTOP)
	_, err1 := s.Delete(ctx, r.ID)
	_, err2 := s.DeleteUser(ctx, "alan")
	err3 := s.SetNotBefore(ctx, "grace", time.Now())
	for _, err := range []error{err1, err2, err3} {
		if err == nil || !strings.Contains(err.Error(), "not confirmed by enough replicas") {
			t.Errorf("a revoke while the replica is stopped: %v", err)
		}
	}
	if n := s.Unconfirmed(); n != 3 {
		t.Errorf("%d are unconfirmed, want 3", n)
	}
	set.Nodes[1].Proc.Signal(syscall.SIGCONT)
	within(t, 30*time.Second, "all revokes are confirmed", func() bool { return s.Unconfirmed() == 0 })
	for _, id := range []store.ID{r.ID, other.ID} {
		if got, err := set.Nodes[1].Try("EXISTS", s.RecordKey(id)); err != nil || got != int64(0) {
			t.Errorf("the replica still has a session that was revoked: %v, %v", got, err)
		}
	}
}

// A sign-out everywhere that is repeated ends the sessions from before the call, and spares those from after it,
// however far this machine's clock is off from the server's.
func TestARepeatedSignOutGoesByTheServersTime(t *testing.T) {
	do := rueidisstore.Do(redisserver.RueidisClient(t, redisserver.Start(t).Addr))
	for _, ahead := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		options := redisstore.Options{Prefix: ahead.String()}
		var down atomic.Bool
		s := redisstore.New(func(ctx context.Context, key string, args ...any) (any, error) {
			if down.Load() {
				return nil, errors.New("connection refused")
			}
			reply, err := do(ctx, key, args...)
			if us, ok := reply.(int64); ok && us > 1e15 { // the server's time
				return us + ahead.Microseconds(), err
			}
			return reply, err
		}, options)
		t.Cleanup(s.Close)
		told := make(chan store.Notice, 100)
		t.Cleanup(s.Subscribe(func(n store.Notice) { told <- n }))
		for n := range told {
			if !n.Server.IsZero() {
				break
			}
		}
		there := redisstore.New(do, options)
		begin := func(d time.Duration) store.Record { // d after the call
			r := session("ada")
			r.CreatedAt = r.CreatedAt.Add(ahead + d)
			r.LastSeen, r.ExpiresAt = r.CreatedAt, r.CreatedAt.Add(time.Hour)
			must(t, there.Create(t.Context(), r, store.ID{}))
			return r
		}
		before := begin(-time.Minute)
		down.Store(true)
		if _, err := s.DeleteUser(t.Context(), "ada"); err == nil {
			t.Fatal("a sign-out without a server")
		}
		after := begin(time.Minute)
		down.Store(false)
		within(t, 30*time.Second, "the sign-out is confirmed", func() bool { return s.Unconfirmed() == 0 })
		if _, err := s.Load(t.Context(), before.ID); err != store.ErrNotFound {
			t.Errorf("the server is %v ahead: the session from before loads with %v", ahead, err)
		}
		if _, err := s.Load(t.Context(), after.ID); err != nil {
			t.Errorf("the server is %v ahead: the session from after loads with %v", ahead, err)
		}
	}
}

// A subscriber keeps what a feed tells of itself, and counts the notices of each record.
type subscriber struct {
	mu   sync.Mutex
	last store.NoticeKind
	of   map[store.ID]int
	lost int
}

func (e *subscriber) tell(n store.Notice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch n.Kind {
	case store.Lost:
		e.lost++
		e.last = n.Kind
	case store.Beat:
		e.last = n.Kind
	default:
		e.of[n.ID]++
	}
}

func (e *subscriber) is(kind store.NoticeKind, lost int) func() bool {
	return func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.last == kind && e.lost >= lost
	}
}

// A feed must notice that it is interrupted, also when nobody says so, and be whole again by itself.
func TestAFeedThatIsInterrupted(t *testing.T) {
	node := redisserver.Start(t)
	for name, d := range map[string]adapter{
		"rueidis":  viaRueidis(redisserver.RueidisClient(t, node.Addr)),
		"go-redis": goRedis(redisserver.GoRedisClient(t, node.Addr)),
	} {
		t.Run(name, func(t *testing.T) {
			s := d.open(t, name+":", redisstore.Fast)
			e := &subscriber{of: make(map[store.ID]int)}
			defer s.Subscribe(e.tell)()
			within(t, 10*time.Second, "the first beat", e.is(store.Beat, 1))

			node.Do("CLIENT", "KILL", "TYPE", "pubsub")
			within(t, 10*time.Second, "a cut connection is noticed, and made anew", e.is(store.Beat, 2))

			node.Proc.Signal(syscall.SIGSTOP)
			within(t, 20*time.Second, "silence is noticed", e.is(store.Lost, 3))
			node.Proc.Signal(syscall.SIGCONT)
			within(t, 20*time.Second, "the feed is whole again", e.is(store.Beat, 3))

			r := session("ada")
			must(t, s.Create(t.Context(), r, store.ID{}))
			within(t, 10*time.Second, "a notice", func() bool {
				e.mu.Lock()
				defer e.mu.Unlock()
				return e.of[r.ID] == 1
			})
		})
	}
}
