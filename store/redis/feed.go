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

// A message is a notice on the channel:
//
//	message = kind id by number user ; kind: a byte, id and by: 16OCTET, number: 8OCTET, user: the rest
//
// The number is the time of a cutoff, as order has it, and otherwise the version of the record. In a Created message,
// by is what the record has replaced: the two notices may come from different nodes, and Replaced must be told first.
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
	return n, n.Kind >= store.Created && n.Kind <= store.Cutoff || n.Kind == store.UserDeleted
}

const (
	beatPause = time.Second
	beatLimit = 4 * time.Second // without a beat the connection counts as dead
)

// A beat is on its way through the nodes that notices come from.
type beat struct {
	notice store.Notice
	left   int // messages to come, and the answer with the server's time
}

// Subscribe implements [store.Feed].
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) { return s.feed.Subscribe(tell) }

// listen stays subscribed as long as beats come back. It sends itself beats along the path of notices, through a
// writer: one that returns proves that all earlier notices have arrived.
func (s *Store) listen(ctx context.Context, tell func(store.Notice)) {
	at, server, err := s.awaitWriter(ctx)
	if err != nil {
		return
	}
	if s.options.Subscribe == nil {
		n := store.NewBeat(at, server, time.Now())
		n.Kind = store.Lost // as ever, but it tells the time, and so does the next call
		tell(n)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &subscription{
		Store: s, ctx: ctx, cancel: cancel, tell: tell, own: s.channel() + ":" + rand.Text(), keys: s.nodes(ctx),
		sent: make(map[string]*beat), beaten: make(chan struct{}, 1),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.options.Subscribe(ctx, []string{s.channel(), l.own}, l.message) // all that counts is that it is over
	}()
	l.watch(ended)
	cancel()
	l.mu.Lock()
	tell(store.Notice{Kind: store.Lost}) // now, because the client may take a while to end the subscription
	l.mu.Unlock()
	<-ended
}

// awaitWriter waits for a server that is a writer, and returns its time, and when it was asked. It sends a beat without
// a channel again and again.
func (s *Store) awaitWriter(ctx context.Context) (at, server time.Time, err error) {
	for {
		once, cancel := context.WithTimeout(ctx, beatLimit)
		at = time.Now()
		server, err = s.beat(once, s.cutoffsKey(), "", "")
		cancel()
		if err == nil {
			return at, server, nil
		}
		select {
		case <-time.After(redialPause):
		case <-ctx.Done():
			return at, server, ctx.Err()
		}
	}
}

// nodes returns a key for each node that notices come from, as far as known: one of each shard in a Cluster, otherwise
// any key will do.
func (s *Store) nodes(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, beatLimit)
	defer cancel()
	keys := []string{s.cutoffsKey()}
	info, err := text(s.doer(ctx, "", "INFO", "cluster"))
	if err == nil && strings.Contains(info, "cluster_enabled:0") {
		return keys
	}
	for i := range shards {
		keys = append(keys, s.shardKey(i, "all"))
	}
	return keys
}

// A subscription is one connection of the feed.
type subscription struct {
	*Store
	ctx    context.Context
	cancel context.CancelFunc
	tell   func(store.Notice)
	own    string   // the channel on which beats come back
	keys   []string // of the nodes that beats go through
	beaten chan struct{}

	mu   sync.Mutex
	sent map[string]*beat
	last int // number of the last beat that was sent

	replaced [256]store.ID // told as replaced lately; a ring buffer
	next     int
}

// watch sends beats until the connection ends or none comes back.
func (l *subscription) watch(ended <-chan struct{}) {
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
		case <-l.ctx.Done():
			return
		case <-ended:
			return
		}
	}
}

// send sends a beat through every node.
func (l *subscription) send(now time.Time) {
	ctx, cancel := context.WithTimeout(l.ctx, beatLimit)
	defer cancel()
	l.mu.Lock()
	l.last++
	name := strconv.Itoa(l.last)
	l.sent[name] = &beat{notice: store.Notice{At: now}, left: len(l.keys) + 1}
	l.mu.Unlock()
	err := parallel(len(l.keys), func(i int) error {
		server, err := l.beat(ctx, l.keys[i], l.own, name)
		if err == nil && i == 0 { // the same node's clock for everybody
			l.timed(name, store.NewBeat(now, server, time.Now()))
		}
		return err
	})
	if noWriter(err) {
		l.cancel() // the connection may lead to a server that is told nothing any more
	}
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.sent, name)
	}
}

// message passes on what has arrived on a channel.
func (l *subscription) message(channel, payload string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ctx.Err() != nil:
	case channel == l.own:
		l.cameBack(payload)
	default:
		if n, ok := parseMessage(payload); ok {
			l.change(n)
		}
	}
}

// timed completes a beat by the server's time.
func (l *subscription) timed(name string, n store.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.sent[name]; b != nil && l.ctx.Err() == nil {
		b.notice = n
		l.cameBack(name)
	}
}

// cameBack counts the nodes that a beat has come through. When it has come through all, so has everything before it.
func (l *subscription) cameBack(name string) {
	b := l.sent[name]
	if b == nil {
		return
	}
	if b.left--; b.left > 0 {
		return
	}
	for other, o := range l.sent { // earlier beats have nothing to add
		if !o.notice.At.After(b.notice.At) {
			delete(l.sent, other)
		}
	}
	l.tell(b.notice)
	select {
	case l.beaten <- struct{}{}:
	default:
	}
}

// change tells a change. Replaced is told before Created, whichever of the two came first.
func (l *subscription) change(n store.Notice) {
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

// toldReplaced reports whether a replacement has been told lately, and notes it.
func (l *subscription) toldReplaced(id store.ID) bool {
	if slices.Contains(l.replaced[:], id) {
		return true
	}
	l.replaced[l.next] = id
	l.next = (l.next + 1) % len(l.replaced)
	return false
}
