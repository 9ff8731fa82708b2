package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
)

func TestShardsHaveTheirPartOfTheSlots(t *testing.T) {
	if got := slot("123456789"); got != 0x31C3 { // the check value of the specification
		t.Errorf("slot of 123456789 = %#x, want 0x31C3", got)
	}
	for i, tag := range tags {
		if part := slot(tag) / (16384 / shards); part != i {
			t.Errorf("shard %d, %q, lies in part %d", i, tag, part)
		}
	}
}

// noDoer is for what sends nothing.
func noDoer(context.Context, string, ...any) (any, error) {
	return nil, errors.New("nothing is to be sent")
}

func TestKeysOfOneStepLieTogether(t *testing.T) {
	s := New(noDoer, Options{})
	tag := func(key string) string {
		_, rest, _ := strings.Cut(key, "{")
		tag, _, _ := strings.Cut(rest, "}")
		return tag
	}
	for range 100 {
		id := store.NewID()
		for _, name := range []string{"all", "ends", "n", "by:" + id.String()} {
			if a, b := tag(s.RecordKey(id)), tag(s.shardKey(shardOf(id), name)); a != b || a == "" {
				t.Fatalf("a record lies in %q and its %s in %q", a, name, b)
			}
		}
	}
	if a, b := tag(s.userKey("a}{b")), tag(s.gateKey("a}{b")); a != b || a == "" {
		t.Errorf("a user lies in %q and their gate in %q", a, b)
	}
	if s.userKey("ada") == s.userKey("Ada") {
		t.Error("two users share an index")
	}
}

func TestValues(t *testing.T) {
	at := time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)
	r := store.Record{
		ID: store.NewID(), User: "ada",
		CreatedAt: at, LastSeen: at.Add(time.Second), ExpiresAt: at.Add(time.Hour), IdleTimeout: time.Minute,
	}
	stored, place := newValue(&r, unannounced, serverTime{0, 0, 0, 7})
	got, err := record(r.ID, stored)
	if err != nil || got.Version != 1 || got.User != "ada" ||
		!got.LastSeen.Equal(r.LastSeen) || !got.CreatedAt.Equal(at) {
		t.Errorf("got %+v, %v", got, err)
	}
	v, ok := parseValue(stored)
	if !ok || v.added.seconds() != 7 || v.ends != r.Ends().UnixMicro() || v.created != at.UnixMicro() ||
		stored[0] != unannounced {
		t.Errorf("got %+v, %t", v, ok)
	}
	if id, ok := idOf(place); !ok || id != r.ID || place[:8] != stored[17:25] {
		t.Errorf("the place is %x", place)
	}
	for n := range headerLen {
		if _, err := record(r.ID, stored[:n]); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("a value of %d bytes: %v, want ErrDamaged", n, err)
		}
	}
	if _, err := record(r.ID, "\x07"+stored[1:]); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a value of another format: %v, want ErrDamaged", err)
	}
}

func TestTimesSortAsBytes(t *testing.T) {
	last := ""
	for _, at := range []time.Time{
		{}, time.Unix(-1, 0), time.Unix(0, 0), time.Unix(0, 1000), time.Now(),
		time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		b := octets(order(at.UnixMicro()))
		if b <= last {
			t.Errorf("%v sorts before an earlier time", at)
		}
		last = b
	}
}

func TestDiagnoses(t *testing.T) {
	for words, want := range map[string]refusal{
		"NOSCRIPT No matching script. Please use EVAL.":                                   noScript,
		"OOM command not allowed when used memory > 'maxmemory'.":                         full,
		"ERR Error running script (call to f_1): @user_script:3: OOM command not allowed": full,
		"READONLY You can't write against a read only replica.":                           readOnly,
		"LOADING Redis is loading the dataset in memory":                                  loading,
		"MASTERDOWN Link with MASTER is down":                                             masterDown,
		"NOAUTH Authentication required.":                                                 noAuth,
		"WRONGPASS invalid username-password pair":                                        noAuth,
		"NOPERM this user has no permissions":                                             noPermission,
		"CLUSTERDOWN Hash slot not served":                                                clusterDown,
		"MISCONF Redis is configured to save RDB snapshots":                               noDisk,
		"NOREPLICAS Not enough good replicas to write.":                                   noReplicas,
		"WRONGTYPE Operation against a key":                                               wrongType,
		"TRYAGAIN Multiple keys request during rehashing of slot":                         moving,
		"MOVED 3999 127.0.0.1:6381":                                                       moving,
		"dial tcp 127.0.0.1:6379: connect: connection refused":                            unknown,
		"i/o timeout": unknown,
	} {
		if got := diagnose(errors.New(words)); got != want {
			t.Errorf("%q: got %d, want %d", words, got, want)
		}
		err := explain(t.Context(), "load a session", errors.New(words))
		if says := err.Error(); !strings.Contains(says, words) ||
			!strings.HasPrefix(says, "redisstore: load a session: "+advice[want]) {
			t.Errorf("%q is explained as %q", words, err)
		}
	}
}

func TestRepliesOfAnyType(t *testing.T) {
	for _, reply := range []any{int64(7), 7, 7.0, "7", []byte("7")} {
		if n, err := integer(reply, nil); n != 7 || err != nil {
			t.Errorf("%T: got %d, %v", reply, n, err)
		}
	}
	if all, err := texts([]any{"a", []byte("b"), nil}, nil); err != nil || fmt.Sprint(all) != "[a b ]" {
		t.Errorf("got %q, %v", all, err)
	}
	for _, err := range []error{
		second(integer(nil, nil)), second(integer("x", nil)), second(text(7, nil)),
		second(array("x", nil)), second(texts([]any{1}, nil)),
	} {
		if err == nil {
			t.Error("a reply of the wrong type is no error")
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A channels is a server that has nothing but channels.
type channels struct {
	cut chan struct{}

	mu      sync.Mutex
	message func(channel, payload string) // of whom is subscribed
	deaf    bool
}

func (w *channels) subscribe(ctx context.Context, _ []string, message func(channel, payload string)) error {
	w.mu.Lock()
	w.message = message
	w.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.cut:
		return errors.New("cut")
	}
}

func (w *channels) do(_ context.Context, _ string, args ...any) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case args[0] == "INFO":
		return "cluster_enabled:0\r\n", nil
	case args[0] == "EVALSHA" && args[1] == beatScript.sha && w.message != nil && !w.deaf:
		w.message(args[4].(string), args[5].(string))
	}
	return int64(1), nil
}

func (w *channels) setDeaf(deaf bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = deaf
}

func TestInfoOfAnyClient(t *testing.T) {
	for _, reply := range []string{
		"cluster_state:ok\r\ncluster_size:3\r\n", "txt:cluster_state:ok\r\ncluster_size:3\r\n",
		"# Cluster\r\ncluster_size:3\ncluster_state:ok",
	} {
		if in := parseInfo(reply); in["cluster_state"] != "ok" || in.number("cluster_size") != 3 {
			t.Errorf("%q is read as %v", reply, in)
		}
	}
}

func TestAFeedThatBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &channels{cut: make(chan struct{})}
		s := New(w.do, Options{Subscribe: w.subscribe})
		var mu sync.Mutex
		var heard []store.NoticeKind
		stop := s.Subscribe(func(n store.Notice) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, n.Kind)
		})
		expect := func(what string, want ...store.NoticeKind) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if fmt.Sprint(heard) != fmt.Sprint(want) {
				t.Errorf("%s: heard %v, want %v", what, heard, want)
			}
			heard = nil
		}
		expect("before it is up", store.Lost)
		time.Sleep(500 * time.Millisecond)
		expect("soon", store.Beat)
		time.Sleep(3 * time.Second)
		expect("from then on", store.Beat, store.Beat, store.Beat)

		w.cut <- struct{}{}
		time.Sleep(time.Millisecond)
		expect("the connection breaks", store.Lost)
		time.Sleep(500 * time.Millisecond)
		expect("it comes back", store.Beat)

		w.setDeaf(true) // the connection stands, and nothing comes
		time.Sleep(beatLimit + 100*time.Millisecond)
		expect("silence", store.Lost)
		w.setDeaf(false)
		time.Sleep(10 * time.Second)
		mu.Lock()
		if len(heard) == 0 || heard[0] != store.Beat {
			t.Errorf("after the silence: heard %v", heard)
		}
		heard = nil
		mu.Unlock()

		stop()
		stop()
		time.Sleep(10 * time.Second)
		expect("after the end")
	})
}

func TestAFeedWithoutSubscribe(t *testing.T) {
	silent := func(ctx context.Context, _ string, _ ...any) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := New(silent, Options{})
	var heard []store.NoticeKind
	defer s.Subscribe(func(n store.Notice) { heard = append(heard, n.Kind) })()
	if fmt.Sprint(heard) != fmt.Sprint([]store.NoticeKind{store.Lost}) {
		t.Errorf("heard %v, want that it is lost", heard)
	}
}

func TestReplacedIsToldFirstAndOnce(t *testing.T) {
	s := New(noDoer, Options{})
	var heard []string
	tell := func(n store.Notice) { heard = append(heard, fmt.Sprint(n.Kind, n.ID[0], n.By[0])) }
	l := &subscription{Store: s, ctx: t.Context(), tell: tell}
	old, next := store.ID{1}, store.ID{2}
	replaced := message(store.Notice{Kind: store.Replaced, ID: old, By: next})
	created := message(store.Notice{Kind: store.Created, ID: next, By: old, User: "ada"})
	for _, m := range []string{created, replaced, "", "rubbish"} {
		l.message(s.channel(), m)
	}
	if got := strings.Join(heard, ", "); got != "4 1 2, 1 2 0" {
		t.Errorf("heard %s, want that 1 is replaced by 2, and then that 2 was created", got)
	}
}

func TestAFailedRevokeIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		var deleted atomic.Int64
		down.Store(true)
		s := New(func(_ context.Context, _ string, args ...any) (any, error) {
			if down.Load() {
				return nil, errors.New("connection refused")
			}
			deleted.Add(1)
			return []any{int64(0), ""}, nil
		}, Options{})
		defer s.Close()
		if _, err := s.Delete(t.Context(), store.NewID()); err == nil || s.Unconfirmed() != 1 {
			t.Errorf("a delete while Redis is down: %v, %d unconfirmed", err, s.Unconfirmed())
		}
		time.Sleep(time.Minute)
		if s.Unconfirmed() != 1 {
			t.Error("the revoke was given up")
		}
		down.Store(false)
		time.Sleep(outboxPause + time.Second)
		if s.Unconfirmed() != 0 || deleted.Load() != 1 {
			t.Errorf("after Redis came back %d are unconfirmed, and there were %d deletes",
				s.Unconfirmed(), deleted.Load())
		}
		down.Store(true)
		for range outboxLimit + 10 {
			s.Delete(t.Context(), store.NewID())
		}
		if s.Unconfirmed() != outboxLimit {
			t.Errorf("%d wait, want the limit", s.Unconfirmed())
		}
	})
}

// WAIT counts replicas; too few of them is no success, whatever the script said.
func TestReplicatedNeedsTheReplicas(t *testing.T) {
	replies := []any{int64(2), int64(1), int64(1)}
	pipeline := func(_ context.Context, _ string, commands ...[]any) ([]any, error) {
		if commands[2][0] != "WAIT" || commands[2][1] != 2 || commands[2][2] != int64(1000) {
			t.Errorf("waits with %v", commands[2])
		}
		return replies, nil
	}
	s := New(noDoer, Options{Durability: Replicated(2, time.Second, pipeline)})
	r := store.Record{ID: store.NewID(), Version: 1}
	if err := s.Save(t.Context(), r); !errors.Is(err, errUnconfirmed) {
		t.Errorf("one of two replicas: %v", err)
	}
	replies[2] = int64(2)
	if err := s.Save(t.Context(), r); err != nil {
		t.Errorf("two of two replicas: %v", err)
	}
	s = New(noDoer, Options{Durability: Replicated(2, time.Second, nil)})
	if err := s.Save(t.Context(), r); !errors.Is(err, errNoPipeline) {
		t.Errorf("without a function: %v", err)
	}
}

// After a failover, what answers may be a replica. PUBLISH and reads succeed there.
func TestAReplicaIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var demoted atomic.Bool
		var redials atomic.Int64
		w := &channels{cut: make(chan struct{})}
		do := func(ctx context.Context, key string, args ...any) (any, error) {
			if demoted.Load() && args[0] == "EVALSHA" {
				return nil, errors.New("READONLY You can't write against a read only replica.")
			}
			return w.do(ctx, key, args...)
		}
		s := New(do, Options{Subscribe: w.subscribe, Redial: func() { redials.Add(1) }})
		defer s.Close()
		var last atomic.Int64
		defer s.Subscribe(func(n store.Notice) { last.Store(int64(n.Kind)) })()
		is := func(what string, kind store.NoticeKind, loads bool) {
			t.Helper()
			if got := store.NoticeKind(last.Load()); got != kind {
				t.Errorf("%s: the feed says %d, want %d", what, got, kind)
			}
			_, err := s.Load(t.Context(), store.NewID())
			if loads == (diagnose(err) == readOnly) {
				t.Errorf("%s: load: %v", what, err)
			}
		}
		time.Sleep(500 * time.Millisecond)
		is("a master", store.Beat, true)

		demoted.Store(true)
		time.Sleep(beatPause)
		is("a replica", store.Lost, false)
		before := redials.Load()
		time.Sleep(10 * time.Second)
		is("still a replica", store.Lost, false)
		if n := redials.Load() - before; n < 5 || n > 41 {
			t.Errorf("redialled %d times in 10 seconds, want about one each %v", n, redialPause)
		}

		demoted.Store(false)
		time.Sleep(2 * redialPause)
		is("a master again", store.Beat, true)
	})
}
