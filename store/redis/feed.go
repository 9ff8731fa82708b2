package redisstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A message tells of a change on the channel:
//
//	message = kind id by number user ; kind: a byte, id and by: 16OCTET, number: 8OCTET, user: the rest
//
// The number is the moment of a switch, as order has it, and otherwise the version of the record. In a Created one, by is what the record has replaced: it makes sure that this is told first, although the two may come
// from different nodes.
const messageLen = 1 + 16 + 16 + 8

func message(n store.Notice) string {
	b := make([]byte, 0, messageLen+len(n.User))
	b = append(b, byte(n.Kind))
	b = append(b, n.ID[:]...)
	b = append(b, n.By[:]...)
	number := n.Version
	if n.Kind == store.Cutoff {
		number = order(n.At.UnixMicro())
	}
	b = binary.BigEndian.AppendUint64(b, number)
	return string(append(b, n.User...))
}

func parseMessage(m string) (n store.Notice, ok bool) {
	if len(m) < messageLen {
		return n, false
	}
	n.Kind = store.NoticeKind(m[0])
	copy(n.ID[:], m[1:17])
	copy(n.By[:], m[17:33])
	number := binary.BigEndian.Uint64([]byte(m[33:messageLen]))
	if n.Kind == store.Cutoff {
		n.At = micro(int64(number ^ 1<<63))
	} else {
		n.Version = number
	}
	n.User = m[messageLen:]
	return n, n.Kind >= store.Created && n.Kind <= store.Cutoff
}

const (
	beatPause = time.Second
	beatLimit = 4 * time.Second // without a beat the connection counts as dead
)

// A feed is one subscription for all subscribers in the process, as long as there are any. It sends itself a beat again and
// again, by the way that notices take, so that a beat that comes back proves that all before it has come.
type feed struct {
	s     *Store
	state *store.FeedState
}

// A beat is on its way through the nodes that notices come from.
type beat struct {
	at   time.Time
	left int
}

func (f *feed) init(s *Store) {
	f.s = s
	f.state = store.NewFeedState(f.listen)
}

// Subscribe implements [store.Feed].
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) { return s.feed.state.Subscribe(tell) }

// listen stays subscribed as long as beats come back.
func (f *feed) listen(ctx context.Context, tell func(store.Notice)) {
	if f.s.options.Subscribe == nil {
		<-ctx.Done()
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	line := &line{feed: f, ctx: ctx, tell: tell, own: f.s.channel() + ":" + rand.Text(), sent: make(map[string]*beat), beaten: make(chan struct{}, 1)}
	line.keys = f.nodes(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = f.s.options.Subscribe(ctx, []string{f.s.channel(), line.own}, line.message) // what counts is that it is over
	}()
	line.watch(ended)
	line.lose()
	cancel()
	<-ended
}

// nodes returns a key of each node that notices come from, as far as that can be told: one of every shard in a Cluster, and
// one that any node will do for elsewhere.
func (f *feed) nodes(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, beatLimit)
	defer cancel()
	info, err := text(f.s.door(ctx, "", "INFO", "cluster"))
	if err == nil && strings.Contains(info, "cluster_enabled:0") {
		return []string{f.s.switchesKey()}
	}
	keys := []string{f.s.switchesKey()}
	for i := range shards {
		keys = append(keys, f.s.shardKey(i, "all"))
	}
	return keys
}

// A line is one connection of the feed.
type line struct {
	*feed
	ctx    context.Context
	tell   func(store.Notice)
	own    string   // the channel on which beats come back
	keys   []string // of the nodes that beats go through
	beaten chan struct{}

	mu   sync.Mutex
	sent map[string]*beat
	last int // number of the last beat that was sent
	dead bool

	replaced [256]store.ID // told as replaced lately; a ring
	next     int
}

// watch sends beats until the connection ends or none comes back.
func (l *line) watch(ended <-chan struct{}) {
	up, pause, dead := false, 10*time.Millisecond, time.NewTimer(beatLimit)
	defer dead.Stop()
	for {
		select {
		case <-time.After(pause):
			go l.send(time.Now())
			if !up {
				pause = min(2*pause, beatPause)
			}
		case <-l.beaten:
			up, pause = true, beatPause
			dead.Reset(beatLimit)
		case <-dead.C:
			return
		case <-ended:
			return
		}
	}
}

// send sends a beat through every node.
func (l *line) send(now time.Time) {
	ctx, cancel := context.WithTimeout(l.ctx, beatLimit)
	defer cancel()
	l.mu.Lock()
	l.last++
	name := strconv.Itoa(l.last)
	l.sent[name] = &beat{at: now, left: len(l.keys)}
	l.mu.Unlock()
	err := each(len(l.keys), func(i int) error {
		_, err := l.s.run(ctx, beatScript, l.keys[i:i+1], l.own, name)
		return err
	})
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.sent, name)
	}
}

// message passes on what has arrived.
func (l *line) message(channel, payload string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.dead || l.ctx.Err() != nil:
	case channel == l.own:
		l.cameBack(payload)
	default:
		if n, ok := parseMessage(payload); ok {
			l.change(n)
		}
	}
}

// cameBack counts the ways that a beat has come. When it has come by all of them, everything before it has come as well.
func (l *line) cameBack(name string) {
	b := l.sent[name]
	if b == nil {
		return
	}
	if b.left--; b.left > 0 {
		return
	}
	for other, o := range l.sent { // those before it have nothing to add
		if !o.at.After(b.at) {
			delete(l.sent, other)
		}
	}
	l.tell(store.Notice{Kind: store.Beat, At: b.at})
	select {
	case l.beaten <- struct{}{}:
	default:
	}
}

// change tells a change. What was replaced goes first, whichever of the two notices came first.
func (l *line) change(n store.Notice) {
	switch {
	case n.Kind == store.Replaced:
		if l.toldReplaced(n.ID) {
			return
		}
	case n.Kind == store.Created && !n.By.IsZero():
		if !l.toldReplaced(n.By) {
			l.tell(store.Notice{Kind: store.Replaced, ID: n.By, By: n.ID})
		}
		n.By = store.ID{}
	}
	l.tell(n)
}

// toldReplaced reports whether that has been told lately, and notes it.
func (l *line) toldReplaced(id store.ID) bool {
	if slices.Contains(l.replaced[:], id) {
		return true
	}
	l.replaced[l.next] = id
	l.next = (l.next + 1) % len(l.replaced)
	return false
}

// lose tells that the connection is of no use any more.
func (l *line) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	l.tell(store.Notice{Kind: store.Lost})
}
