package api

import (
	"context"
	"crypto/sha256"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Replays remember the answers to requests that have a key by which a service knows its own repetitions
// (Idempotency-Key), so that whoever did not get an answer may ask again: the same request then has the same answer.
// They are in the memory of this program alone, for [ReplayTime], and at most [MaxReplays] of them: another node does
// not know them, and neither does this one after a restart. Such a repetition makes another session, whose ticket
// nobody has but whoever asked. Its methods may be called from any number of goroutines.
type Replays struct {
	mu   sync.Mutex
	all  map[string]*replay
	kept []*replay // in the order in which they began
}

const (
	// ReplayTime is how long an answer is remembered.
	ReplayTime = 10 * time.Minute

	// MaxReplays is how many answers are remembered; the oldest go first.
	MaxReplays = 10_000

	maxReplayKey = 255
)

// NewReplays returns the memory of requests that share an API.
func NewReplays() *Replays { return &Replays{all: make(map[string]*replay)} }

// A replay is one request, and its answer once done is closed.
type replay struct {
	name  string
	body  [sha256.Size]byte
	began time.Time
	done  chan struct{}
	recorded
}

var (
	badReplayKey = badRequest("Idempotency-Key has 1 to 255 visible ASCII characters, and stands there once")
	otherBody    = fail(http.StatusUnprocessableEntity, "idempotency_key_reused",
		"another request has come with this Idempotency-Key")
)

// once answers a request by do, unless it has been answered before. A request that can be asked again goes on when its
// caller has gone, because whoever asks again wants to hear what came of it.
func (p *Replays) once(w http.ResponseWriter, r *http.Request, body []byte, do http.HandlerFunc) {
	lines := r.Header["Idempotency-Key"]
	if len(lines) == 0 {
		do(w, r)
		return
	}
	if len(lines) > 1 || !replayKey(lines[0]) {
		badReplayKey.write(w)
		return
	}
	e, first := p.enter(callerOf(r.Context()).name+" "+lines[0], sha256.Sum256(body), time.Now())
	if first {
		p.answer(e, func(w http.ResponseWriter) { do(w, r.WithContext(context.WithoutCancel(r.Context()))) })
	}
	switch {
	case e.body != sha256.Sum256(body):
		otherBody.write(w)
	case !first && !e.wait(r.Context()):
		unavailable.write(w)
	default:
		e.write(w)
	}
}

func replayKey(s string) bool {
	if s == "" || len(s) > maxReplayKey {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// enter returns the request of a name, and whether it is the first one.
func (p *Replays) enter(name string, body [sha256.Size]byte, now time.Time) (e *replay, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.kept) > 0 && (len(p.kept) >= MaxReplays || now.Sub(p.kept[0].began) >= ReplayTime) {
		p.forget(p.kept[0])
	}
	if e := p.all[name]; e != nil {
		return e, false
	}
	e = &replay{name: name, body: body, began: now, done: make(chan struct{})}
	p.all[name] = e
	p.kept = append(p.kept, e)
	return e, true
}

// forget removes a request. The caller holds the lock.
func (p *Replays) forget(e *replay) {
	if p.all[e.name] == e {
		delete(p.all, e.name)
	}
	for i := range p.kept {
		if p.kept[i] == e {
			p.kept = append(p.kept[:i], p.kept[i+1:]...)
			return
		}
	}
}

// answer records the answer of do. One that says that the outcome is not known is not kept: the next request tries.
func (p *Replays) answer(e *replay, do func(http.ResponseWriter)) {
	defer close(e.done)
	e.recorded.header = make(http.Header)
	do(&e.recorded)
	if e.status == http.StatusServiceUnavailable || e.status == 0 {
		p.mu.Lock()
		p.forget(e)
		p.mu.Unlock()
	}
}

func (e *replay) wait(ctx context.Context) bool {
	select {
	case <-e.done:
		return e.status != 0
	case <-ctx.Done():
		return false
	}
}

// A recorded answer can be written again.
type recorded struct {
	header http.Header
	status int
	body   []byte
}

func (a *recorded) Header() http.Header    { return a.header }
func (a *recorded) WriteHeader(status int) { a.status = status }

func (a *recorded) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

func (a *recorded) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // what fails is the connection
}
