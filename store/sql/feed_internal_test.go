package sqlstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
)

// A fakeLog is a log whose changes a test makes up.
type fakeLog struct {
	mu     sync.Mutex
	news   []store.Notice
	broken bool
	looks  int
	calls  int
	trims  int
	slow   time.Duration // of a call
}

func (l *fakeLog) follow() look {
	began := false
	return func(context.Context) ([]store.Notice, time.Time, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.looks++
		if l.broken {
			return nil, time.Time{}, errors.New("broken")
		}
		news := l.news
		l.news = nil
		if !began {
			began = true
			return nil, time.Now(), nil
		}
		return news, time.Now(), nil
	}
}

func (l *fakeLog) trim(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trims++
	return nil
}

func (l *fakeLog) callOthers(context.Context) error {
	time.Sleep(l.slow)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	return nil
}

func (l *fakeLog) set(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

// counts returns how often everything was asked for, once nobody is about to ask.
func (l *fakeLog) counts() (looks, calls, trims int) {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.looks, l.calls, l.trims
}

// told collects the kinds of what is told.
type told struct {
	mu    sync.Mutex
	kinds []store.NoticeKind
	last  store.Notice
}

func (h *told) tell(n store.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kinds, h.last = append(h.kinds, n.Kind), n
}

func (h *told) wants(t *testing.T, when string, want ...store.NoticeKind) {
	t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.kinds, want) {
		t.Errorf("%s: told %v, want %v", when, h.kinds, want)
	}
	h.kinds = nil
}

func ready(context.Context) error { return nil }

func TestFeedSaysWhetherItIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLog{}
		f := newFeed(l, nil)
		var a, b told
		stop := f.subscribe(a.tell, ready)
		a.mu.Lock()
		if len(a.kinds) == 0 || a.kinds[0] != store.Lost {
			t.Errorf("before Subscribe returned: told %v, want Lost", a.kinds)
		}
		a.mu.Unlock()
		a.wants(t, "at first", store.Lost, store.Beat)
		a.mu.Lock()
		if a.last.At.After(time.Now()) {
			t.Errorf("a beat of %v at %v", a.last.At, time.Now())
		}
		a.mu.Unlock()
		time.Sleep(2100 * time.Millisecond)
		a.wants(t, "after two seconds", store.Beat, store.Beat)
		stopB := f.subscribe(b.tell, ready)
		b.wants(t, "who joins a feed that is whole", store.Beat)
		l.set(func() { l.news = []store.Notice{{Kind: store.Saved}} })
		time.Sleep(lookEvery)
		b.wants(t, "a change", store.Saved)
		l.set(func() { l.broken = true })
		time.Sleep(3 * time.Second)
		b.wants(t, "broken", store.Lost)
		var c told
		stopC := f.subscribe(c.tell, ready)
		c.wants(t, "who joins a feed that is lost", store.Lost)
		l.set(func() { l.broken, l.news = false, []store.Notice{{Kind: store.Saved}} })
		time.Sleep(lookEvery)
		b.wants(t, "whole again", store.Beat)
		stop()
		stopB()
		stopB()
		stopC()
		before, _, _ := l.counts()
		time.Sleep(10 * time.Second)
		if looks, _, _ := l.counts(); looks != before {
			t.Errorf("looked %d times with nobody there", looks-before)
		}
		var d told
		stop = f.subscribe(d.tell, ready)
		d.wants(t, "who comes later", store.Lost, store.Beat)
		if err := f.close(t.Context()); err != nil {
			t.Error(err)
		}
		d.wants(t, "closed", store.Lost)
		stop()
	})
}

func TestFeedHearsOwnChangesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLog{}
		f := newFeed(l, nil)
		var a told
		defer f.subscribe(a.tell, ready)()
		time.Sleep(time.Second / 2)
		a.wants(t, "at first", store.Lost, store.Beat)
		l.set(func() { l.news = []store.Notice{{Kind: store.Saved}} })
		f.wrote()
		time.Sleep(lookPause)
		a.wants(t, "own change", store.Saved)
		if _, calls, _ := l.counts(); calls != 0 {
			t.Error("rang, and nobody listens")
		}
	})
}

func TestFeedThatListensLooksWhenTheBellRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLog{}
		bell := make(chan struct{})
		f := newFeed(l, func(ctx context.Context, _ string, heard func()) error {
			for {
				select {
				case <-bell:
					heard()
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		var a told
		defer f.subscribe(a.tell, ready)()
		time.Sleep(1100 * time.Millisecond)
		a.wants(t, "at first", store.Lost, store.Beat, store.Beat)
		before, _, _ := l.counts()
		time.Sleep(700 * time.Millisecond)
		if looks, _, _ := l.counts(); looks != before {
			t.Errorf("looked %d times in less than a second", looks-before)
		}
		l.set(func() { l.news = []store.Notice{{Kind: store.Saved}} })
		bell <- struct{}{}
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.kinds) == 0 || a.kinds[0] != store.Saved {
			t.Errorf("when the bell rang: told %v, want Saved", a.kinds)
		}
	})
}

func TestRingsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLog{slow: 10 * time.Millisecond}
		f := newFeed(l, func(context.Context, string, func()) error { return nil })
		for range 1000 {
			f.wrote()
		}
		time.Sleep(time.Second)
		_, calls, _ := l.counts()
		if calls < 1 || calls > 2 {
			t.Errorf("called %d times for 1000 changes at once, want once or twice", calls)
		}
		f.wrote()
		time.Sleep(time.Second)
		if _, now, trims := l.counts(); now != calls+1 || trims != 1 {
			t.Errorf("called %d times for a later change, want once; trimmed %d times in two seconds, want once",
				now-calls, trims)
		}
		time.Sleep(trimEvery)
		f.wrote()
		if _, _, trims := l.counts(); trims != 2 {
			t.Errorf("trimmed %d times, want twice", trims)
		}
		if err := f.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
