package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const cookieName = "__Host-session"

// A browser has one session at a time, and two tabs that use it.
type browser struct {
	*world
	number uint64
	client *http.Client

	mu     sync.Mutex
	chance *rand.Rand
}

// A reply is an answer of the site. Status 0 means: none came.
type reply struct {
	status int
	body   string
	ticket string // a new one
	User   string
	Counts map[string]int
}

func newBrowser(w *world, number uint64) *browser {
	return &browser{
		world: w, number: number, chance: rand.New(rand.NewPCG(w.seed, number)),
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4}},
	}
}

func (b *browser) pick(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.chance.IntN(n)
}

func (b *browser) node() *node { return b.nodes[b.pick(len(b.nodes))] }

func request(n *node, method, path, ticket string) *http.Request {
	r, err := http.NewRequest(method, n.url+path, nil)
	if err != nil {
		panic(err)
	}
	if ticket != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: ticket})
	}
	return r
}

// send sends a request with a ticket, "" for none.
func (b *browser) send(n *node, method, path, ticket string) (a reply) {
	resp, err := b.client.Do(request(n, method, path, ticket))
	if err != nil {
		return a
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	for _, c := range resp.Cookies() {
		if c.Name == cookieName && c.MaxAge >= 0 {
			a.ticket = c.Value
		}
	}
	if err != nil { // the header has come, and a browser keeps its cookies
		return a
	}
	a.status, a.body = resp.StatusCode, strings.TrimSpace(string(body))
	if path == "/me" && a.status == http.StatusOK {
		if err := json.Unmarshal(body, &a); err != nil {
			b.Errorf("%s says %q", n.url, body)
		}
	}
	return a
}

// ask sends a request of a tab, with the ticket that the browser has now, and keeps the one that it gets.
func (b *browser) ask(l *life, n *node, method, path string) reply {
	b.referee.mu.Lock()
	ticket := l.tickets[len(l.tickets)-1]
	b.referee.mu.Unlock()
	a := b.send(n, method, path, ticket)
	if a.ticket != "" {
		b.referee.mu.Lock()
		if a.ticket != l.tickets[len(l.tickets)-1] {
			l.tickets = append(l.tickets, a.ticket)
			b.referee.counts.rotations++
		}
		b.referee.mu.Unlock()
	}
	if a.status != http.StatusOK && a.status != http.StatusNoContent {
		b.referee.mu.Lock()
		b.referee.counts.refused++
		b.referee.mu.Unlock()
	}
	return a
}

// live begins one session after the other until ctx ends.
func (b *browser) live(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		user := fmt.Sprintf("u%d-%d", b.number, n)
		at := b.node()
		asked := time.Now()
		a := b.send(at, "POST", "/in?user="+user, "")
		if a.status != http.StatusNoContent || a.ticket == "" {
			b.pause(ctx)
			continue
		}
		b.use(ctx, b.born(user, a.ticket, asked))
	}
}

// use has two tabs and a stream use a session for a while, and then ends it.
func (b *browser) use(ctx context.Context, l *life) {
	ctx, stop := context.WithTimeout(ctx, time.Duration(1+b.pick(20))*time.Second)
	defer stop()
	var tabs sync.WaitGroup
	for _, tab := range []string{"a", "b"} {
		tabs.Go(func() {
			for ctx.Err() == nil {
				b.act(l, tab)
				b.pause(ctx)
			}
		})
	}
	go b.listen(l, b.node())
	tabs.Wait()
	if b.pick(4) == 0 {
		return // and never comes again: the session stays
	}
	path := "/out"
	if b.pick(3) == 0 {
		path = "/end?user=" + url.QueryEscape(l.user)
	}
	b.ending(l)
	for b.Context().Err() == nil {
		if a := b.ask(l, b.node(), "POST", path); a.status == http.StatusNoContent {
			b.buried(l)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// act does one thing in a tab.
func (b *browser) act(l *life, tab string) {
	n := b.node()
	if b.pick(3) > 0 {
		if a := b.ask(l, n, "GET", "/me"); a.status == http.StatusOK {
			b.seen(l, n, a.User)
		}
		return
	}
	b.referee.mu.Lock()
	l.tried[tab]++
	to := l.tried[tab]
	b.referee.mu.Unlock()
	switch a := b.ask(l, n, "POST", "/count?tab="+tab+"&to="+strconv.Itoa(to)); a.status {
	case http.StatusNoContent:
		b.referee.mu.Lock()
		l.acked[tab] = to
		b.referee.counts.changes++
		b.referee.mu.Unlock()
	case http.StatusUnauthorized:
		b.seen(l, n, "")
	}
}

// listen holds a stream of a session until it breaks.
func (b *browser) listen(l *life, n *node) {
	b.referee.mu.Lock()
	r := request(n, "GET", "/stream", l.tickets[len(l.tickets)-1]).WithContext(b.Context())
	b.referee.mu.Unlock()
	resp, err := (&http.Client{Transport: b.client.Transport}).Do(r)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return
	}
	b.referee.mu.Lock()
	b.referee.counts.streams++
	b.referee.mu.Unlock()
	began := time.Now()
	for bytes := bufio.NewReader(resp.Body); ; b.flowed(l, n, began) {
		if _, err := bytes.ReadByte(); err != nil {
			return
		}
	}
}

// haunt shows tickets of sessions that are over, until ctx ends.
func (b *browser) haunt(ctx context.Context) {
	for ctx.Err() == nil {
		l, ticket := b.tomb(b.pick)
		if l == nil {
			b.pause(ctx)
			continue
		}
		n, asked := b.node(), time.Now()
		if a := b.send(n, "GET", "/me", ticket); a.status == http.StatusOK {
			b.haunted(l, n, a.User, asked)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (b *browser) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(b.pick(200)) * time.Millisecond):
	}
}
