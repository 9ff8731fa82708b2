package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	underWay   = 16 // requests to one receiver at a time
	failsFirst = 5  // failures in a row after which a receiver is asked by one request at a time
	maxAnswer  = 4 << 10
)

// newClient follows no redirect and keeps connections to a receiver open.
func newClient(timeout time.Duration) *http.Client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: underWay, MaxConnsPerHost: underWay,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout,
		MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	return &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// A courier brings messages to one receiver.
type courier struct {
	outbox   *Outbox
	receiver Receiver
	wake     chan struct{}
	stop     context.CancelFunc
	stopping context.Context
	stopped  chan struct{}

	mu      sync.Mutex // guards what follows
	off     time.Time  // since when it is switched off; zero while it is on
	fails   int        // in a row
	failing time.Time  // since when; zero while it does not
	paused  time.Time  // until when nothing is sent
}

func newCourier(o *Outbox, r Receiver, off time.Time) *courier {
	ctx, stop := context.WithCancel(context.Background())
	return &courier{
		outbox: o, receiver: r, wake: make(chan struct{}, 1), stop: stop, stopping: ctx,
		stopped: make(chan struct{}), off: off,
	}
}

func (c *courier) isOff() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.off.IsZero()
}

// end breaks off what is under way, which is sent again later, and waits until nothing is.
func (c *courier) end() {
	c.stop()
	<-c.stopped
}

// run sends what is due until the courier ends.
func (c *courier) run() {
	defer close(c.stopped)
	outcomes := make(chan outcome, underWay)
	flying := make(map[int64]bool)
	var unsettled []outcome // that the disk has not taken yet; they count as under way
	timer := time.NewTimer(0)
	for {
		next := c.send(flying, outcomes)
		timer.Reset(next)
		select {
		case <-c.stopping.Done():
			for len(flying) > len(unsettled) {
				unsettled = append(unsettled, <-outcomes)
			}
			c.settle(unsettled)
			return
		case <-c.wake:
		case <-timer.C:
		case o := <-outcomes:
			unsettled = append(unsettled, o)
			for more := true; more; {
				select {
				case o := <-outcomes:
					unsettled = append(unsettled, o)
				default:
					more = false
				}
			}
		}
		if len(unsettled) > 0 && c.settle(unsettled) {
			for _, o := range unsettled {
				delete(flying, o.seq)
			}
			unsettled = nil
		}
	}
}

// send begins to send what is due, and returns how long to wait for more.
func (c *courier) send(flying map[int64]bool, outcomes chan<- outcome) time.Duration {
	now := time.Now()
	room, wait := c.room(len(flying), now)
	if room <= 0 {
		return wait
	}
	ready, next, err := c.outbox.db.due(c.stopping, c.receiver.Name, now, 2*underWay)
	if err != nil {
		if c.stopping.Err() == nil {
			c.outbox.log.Error("the outbox cannot be read", "receiver", c.receiver.Name, "error", err)
		}
		return retryDisk
	}
	for _, d := range ready {
		if flying[d.seq] {
			continue
		}
		if room--; room < 0 {
			return idle // an outcome comes
		}
		flying[d.seq] = true
		go func() { outcomes <- c.attempt(d) }()
	}
	if next.IsZero() {
		return idle
	}
	return max(time.Until(next), 0)
}

// idle is how long a courier waits for something to happen.
const idle = time.Minute

// room returns how many more requests may be under way, or how long to wait for that.
func (c *courier) room(flying int, now time.Time) (int, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.off.IsZero():
		return 0, idle
	case c.paused.After(now):
		return 0, c.paused.Sub(now)
	case c.fails >= failsFirst:
		return 1 - flying, idle
	}
	return underWay - flying, idle
}

// attempt makes one request.
func (c *courier) attempt(d delivery) outcome {
	request, err := c.request(d, time.Now())
	if err != nil {
		return failed(d, err)
	}
	answer, err := c.outbox.client.Do(request)
	if err != nil {
		return failed(d, err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection can be used again
	return judge(d, answer.StatusCode, answer.Header, time.Now())
}

func (c *courier) request(d delivery, now time.Time) (*http.Request, error) {
	body, kind := d.body, "application/json"
	if s := c.receiver.Signals; s != nil {
		token, err := s.token(d.id, d.body, now)
		if err != nil {
			return nil, err
		}
		body, kind = []byte(token), "application/secevent+jwt"
	}
	r, err := http.NewRequestWithContext(c.stopping, http.MethodPost, c.receiver.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "coatcheck")
	if s := c.receiver.Signals; s != nil {
		if s.Authorization != "" {
			r.Header.Set("Authorization", s.Authorization)
		}
		return r, nil
	}
	at := now.Unix()
	r.Header.Set("Webhook-Id", d.id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at, 10))
	r.Header.Set("Webhook-Signature", signature(c.receiver.Secrets, d.id, at, body))
	return r, nil
}

// settle notes what became of attempts, and reports whether the disk took it.
func (c *courier) settle(all []outcome) bool {
	now := time.Now()
	var verdicts []verdict
	var off, recovered bool
	c.mu.Lock()
	for i := range all {
		if all[i].again {
			continue
		}
		v, back := c.conclude(&all[i], now)
		verdicts, off, recovered = append(verdicts, v), off || all[i].gone, recovered || back
	}
	c.mu.Unlock()
	if len(verdicts) == 0 {
		return true
	}
	answered := !strings.HasPrefix(verdicts[len(verdicts)-1].answer, "no answer")
	// The courier may be ending, and what was received must not be sent again for that.
	ctx := context.WithoutCancel(c.stopping)
	if err := c.outbox.db.settle(ctx, c.receiver.Name, verdicts, now, off, answered); err != nil {
		c.outbox.log.Error("the outbox cannot be written: what was received may be sent again",
			"receiver", c.receiver.Name, "error", err)
		time.Sleep(retryDisk)
		return false
	}
	c.tell(verdicts, off)
	if recovered {
		if err := c.outbox.db.hurry(ctx, c.receiver.Name, now); err != nil {
			c.outbox.log.Warn("messages wait for longer than they had to", "receiver", c.receiver.Name, "error", err)
		}
	}
	return true
}

// conclude decides what follows from an attempt. The caller holds the lock.
func (c *courier) conclude(o *outcome, now time.Time) (v verdict, recovered bool) {
	v = verdict{delivery: o.delivery, answer: o.says}
	if o.ok {
		recovered = c.fails >= failsFirst
		if !c.failing.IsZero() && recovered {
			c.outbox.log.Warn("a receiver answers again", "receiver", c.receiver.Name,
				"after", now.Sub(c.failing).Round(time.Second))
		}
		c.fails, c.failing, c.paused = 0, time.Time{}, time.Time{}
		v.done = true
		return v, recovered
	}
	if c.fails++; c.failing.IsZero() {
		c.failing = now
	}
	if c.fails == failsFirst {
		c.outbox.log.Warn("a receiver of webhooks fails; what it has to hear waits", "receiver", c.receiver.Name,
			"answer", o.says)
	}
	opts := &c.outbox.opts
	wait := backoff(opts.First, opts.Most, o.tries)
	switch {
	case o.gone:
		c.off = now
	case o.wait > 0:
		wait = max(wait, o.wait)
		c.pause(now.Add(o.wait))
	case c.fails >= failsFirst:
		c.pause(now.Add(backoff(opts.First, opts.Pause, c.fails-failsFirst)))
	}
	v.dead = now.Sub(o.since) >= opts.GiveUp && !o.gone
	v.due = now.Add(wait)
	return v, false
}

// pause has nothing sent until a time. The caller holds the lock.
func (c *courier) pause(until time.Time) {
	if until.After(c.paused) {
		c.paused = until
	}
}

// backoff is how long to wait after the given number of attempts: twice as long each time, and up to a quarter more or
// less by chance, so that not all come back at once.
func backoff(first, most time.Duration, tries int) time.Duration {
	wait := most
	if tries < 32 && first<<tries > 0 {
		wait = min(first<<tries, most)
	}
	return wait*3/4 + rand.N(wait/2+1)
}

// tell logs what an operator must know.
func (c *courier) tell(all []verdict, off bool) {
	dead, last := 0, ""
	for i := range all {
		if all[i].dead {
			dead, last = dead+1, all[i].answer
		}
	}
	if dead > 0 {
		c.outbox.log.Error("messages are dead: they could not be delivered for too long; see /webhooks in the console",
			"receiver", c.receiver.Name, "messages", dead, "answer", last)
	}
	if off {
		c.outbox.log.Error("a receiver answers 410 Gone and was switched off; the console can switch it on, at "+
			"/webhooks", "receiver", c.receiver.Name)
	}
}
