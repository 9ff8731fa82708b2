package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/watch"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

const lease = 300 * time.Millisecond

// A distant store is that of all nodes, as one node sees it: with a feed of its own, which can fall silent.
type distant struct {
	*memory.Store
	feed store.FeedState

	mu     sync.Mutex
	silent bool
}

func newDistant(t *testing.T, all *memory.Store) *distant {
	d := &distant{Store: all}
	t.Cleanup(all.Subscribe(d.hear))
	d.beat()
	ticker := time.NewTicker(lease / 8)
	done := make(chan struct{})
	t.Cleanup(func() { ticker.Stop(); close(done) })
	go func() {
		for {
			select {
			case <-ticker.C:
				d.beat()
			case <-done:
				return
			}
		}
	}()
	return d
}

func (d *distant) hear(n store.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.silent {
		d.feed.Publish(n)
	}
}

func (d *distant) beat() { d.hear(store.NewBeat(time.Now(), time.Time{}, time.Time{})) }

func (d *distant) setSilent(silent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.silent = silent; !silent {
		d.feed.Publish(store.Notice{Kind: store.Lost}) // it learns that it has missed something
	}
}

func (d *distant) Subscribe(tell func(store.Notice)) (stop func()) { return d.feed.Subscribe(tell) }

func (*distant) Peek(store.ID, time.Time) (store.Encoded, bool) { return store.Encoded{}, false }

// A node is one of several that share a store.
type node struct {
	*httptest.Server
	store   *distant
	near    near.Store
	manager *session.Manager
	handler atomic.Pointer[http.Handler]
	hub     *watch.Hub
}

func newNode(t *testing.T, all *memory.Store) *node {
	n := &node{store: newDistant(t, all)}
	n.near = near.New(n.store, near.Options{Lease: lease})
	t.Cleanup(n.near.Close)
	n.manager = session.New(n.near, session.Options{Header: api.Header(nil)})
	n.restart()
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*n.handler.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(func() { n.hub.Close(); n.Close() })
	return n
}

// restart forgets what a node forgets of the stream when it starts anew.
func (n *node) restart() {
	if n.hub != nil {
		n.hub.Close()
	}
	n.hub = watch.New(watch.Options{Feed: n.near.(store.Feed), Lease: lease})
	handler := api.New(api.Options{Sessions: n.manager, Token: token, Watch: n.hub})
	n.handler.Store(&handler)
}

// A keeper is a service that keeps answers, as docs/api.md has it.
type keeper struct {
	t           *testing.T
	name        string // of what happens to it
	watch, asks string // addresses of nodes
	slow        func()

	mu        sync.Mutex
	kept      map[string]string    // handles by cookie
	gone      map[string]time.Time // handles that were told
	goodUntil time.Time
	warm      time.Time // what was asked for before is not kept
	hits      int
}

func (k *keeper) do(method, url, body, after string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(k.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	return http.DefaultClient.Do(r)
}

// follow follows the stream, and begins again when it breaks off.
func (k *keeper) follow() {
	after := ""
	for k.t.Context().Err() == nil {
		begun := time.Now()
		if res, err := k.do("GET", k.watch+"/v1/watch", "", after); err == nil {
			after = k.read(res, begun, after)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (k *keeper) read(res *http.Response, begun time.Time, after string) string {
	defer res.Body.Close()
	name := ""
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			after = value
		case "event":
			name = value
		case "data":
			k.slow()
			k.hear(name, []byte(value), begun)
		}
	}
	return after
}

func (k *keeper) hear(name string, data []byte, begun time.Time) {
	var e struct {
		Handle  string
		Resumed bool
		UpTo    int64 `json:"upto_ms"`
	}
	_ = json.Unmarshal(data, &e)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch name {
	case "ended", "changed":
		k.gone[e.Handle] = time.Now()
		for cookie, handle := range k.kept {
			if handle == e.Handle {
				delete(k.kept, cookie)
			}
		}
	case "beat":
		k.goodUntil = begun.Add(time.Duration(e.UpTo)*time.Millisecond + lease)
	case "hello", "resync", "user_ended", "not_before":
		if !e.Resumed {
			clear(k.kept)
			k.warm = time.Now().Add(lease)
		}
	}
}

// accepts reports whether the service takes a cookie for that of somebody who is signed in.
func (k *keeper) accepts(cookie string) bool {
	asked := time.Now()
	k.mu.Lock()
	_, kept := k.kept[cookie]
	if kept = kept && asked.Before(k.goodUntil); kept {
		k.hits++
	}
	k.mu.Unlock()
	if kept {
		return true
	}
	res, err := k.do("POST", k.asks+"/v1/sessions/check", fmt.Sprintf(`{"cookie":%q}`, cookie), "")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var is answered
	_ = json.NewDecoder(res.Body).Decode(&is)
	k.mu.Lock()
	defer k.mu.Unlock()
	if told, gone := k.gone[is.Handle]; is.State == "valid" && asked.After(k.warm) &&
		(!gone || told.Before(asked.Add(-lease))) {
		k.kept[cookie] = is.Handle
	}
	return is.State == "valid"
}

// Two nodes share a store, and a service keeps answers by the stream of one. Whatever happens to the stream, a session
// that the other node has ended is accepted for the lease at most.
//
// Rows: I1
func TestKeptAnswersKeepTheirBound(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup // rather than subtests, which wait for processors that nobody needs
	for name, disturb := range map[string]func(a *node, k *keeper, round int){
		"nothing":         func(*node, *keeper, int) {},
		"stream cut":      func(a *node, _ *keeper, _ int) { a.CloseClientConnections() },
		"node restarted":  func(a *node, _ *keeper, _ int) { a.restart() },
		"feed falls dumb": func(a *node, _ *keeper, round int) { a.store.setSilent(round%3 != 2) },
		"service is slow": func(*node, *keeper, int) {},
	} {
		all.Go(func() {
			shared := memory.New()
			a, b := newNode(t, shared), newNode(t, shared)
			k := &keeper{
				t: t, name: name, watch: a.URL, asks: a.URL, slow: func() {}, kept: make(map[string]string),
				gone: make(map[string]time.Time),
			}
			if name == "service is slow" {
				k.slow = func() { time.Sleep(lease) }
			}
			go k.follow()
			for round := range 3 {
				k.play(a, b, func() { disturb(a, k, round) })
			}
			if k.hits == 0 && name == "nothing" {
				t.Error("no answer was ever kept")
			}
		})
	}
	all.Wait()
}

// play begins sessions, has them kept, ends them at the other node while something happens, and looks how long they are
// accepted.
func (k *keeper) play(a, b *node, disturb func()) {
	k.t.Helper()
	cookies := make(map[string]store.ID)
	for range 2 {
		res, err := k.do("POST", a.URL+"/v1/sessions", `{"user":"ada"}`, "")
		if err != nil {
			k.t.Error(k.name, err)
			return
		}
		var begun answered
		_ = json.NewDecoder(res.Body).Decode(&begun)
		res.Body.Close()
		cookies[begun.cookie()], _ = store.ParseID(begun.Handle)
	}
	for until := time.Now().Add(2 * lease); time.Now().Before(until); time.Sleep(lease / 40) {
		for cookie := range cookies {
			k.accepts(cookie)
		}
	}
	disturb()
	for cookie, handle := range cookies {
		if _, err := b.manager.Revoke(k.t.Context(), handle); err != nil {
			k.t.Error(k.name, err)
			return
		}
		ended := time.Now()
		for late := time.Duration(0); late < lease*3/2; time.Sleep(lease / 40) {
			late = time.Since(ended)
			if k.accepts(cookie) && late > lease {
				k.t.Errorf("%s: a session was accepted %v after its end", k.name, late)
				return
			}
		}
	}
}
