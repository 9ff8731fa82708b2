package session_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A faultStore is a memory store that can fail, wait, and be counted, method by method. It has no Peek, so that loads
// are calls; it is a Feed like the store inside.
type faultStore struct {
	store.Store
	inner *memory.Store

	mu    sync.Mutex
	calls map[string]int
	traps map[string]func(context.Context) error
	after map[string]error
}

// Fault stores hide Peek on purpose, and every New says so.
func init() { slog.SetDefault(slog.New(slog.DiscardHandler)) }

func newFaultStore() *faultStore {
	inner := memory.New()
	return &faultStore{
		Store: inner, inner: inner, calls: map[string]int{}, traps: map[string]func(context.Context) error{},
		after: map[string]error{},
	}
}

var errDown = errors.New("connection refused")

// trap has f called before every call of the methods, which fail if f does. A nil f takes it away.
func (s *faultStore) trap(f func(context.Context) error, methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, method := range methods {
		if f == nil {
			delete(s.traps, method)
			delete(s.after, method)
			continue
		}
		s.traps[method] = f
	}
}

// down makes the methods fail; with none named, all.
func (s *faultStore) down(methods ...string) {
	s.trap(func(context.Context) error { return errDown }, orAll(methods)...)
}

// cutOff makes the methods do their work and then fail, as when a connection breaks before the answer comes.
func (s *faultStore) cutOff(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after[method] = errDown
}

// up heals the methods; with none named, all.
func (s *faultStore) up(methods ...string) { s.trap(nil, orAll(methods)...) }

// hang makes the methods wait until their context ends.
func (s *faultStore) hang(methods ...string) {
	s.trap(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, methods...)
}

func orAll(methods []string) []string {
	if len(methods) == 0 {
		return []string{"Load", "Create", "Save", "Touch", "Delete", "DeleteUser", "List", "Live", "Count", "Sweep"}
	}
	return methods
}

// A gate holds calls of one method.
type gate struct{ entered, open chan struct{} }

// gate makes the next call of a method wait until the gate is opened.
func (s *faultStore) gate(method string) *gate {
	g := &gate{make(chan struct{}), make(chan struct{})}
	var once sync.Once
	s.trap(func(context.Context) error {
		once.Do(func() { close(g.entered); <-g.open })
		return nil
	}, method)
	return g
}

// count returns how often a method was called; with none named, how often any was.
func (s *faultStore) count(methods ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, method := range orAll(methods) {
		n += s.calls[method]
	}
	return n
}

func (s *faultStore) enter(ctx context.Context, method string) error {
	s.mu.Lock()
	s.calls[method]++
	trap := s.traps[method]
	s.mu.Unlock()
	if trap == nil {
		return nil
	}
	return trap(ctx)
}

func (s *faultStore) leave(method string, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		return s.after[method]
	}
	return err
}

func (s *faultStore) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := s.enter(ctx, "Load"); err != nil {
		return store.Record{}, err
	}
	return s.inner.Load(ctx, id)
}

func (s *faultStore) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if err := s.enter(ctx, "Create"); err != nil {
		return err
	}
	return s.leave("Create", s.inner.Create(ctx, r, replaces))
}

func (s *faultStore) Save(ctx context.Context, r store.Record) error {
	if err := s.enter(ctx, "Save"); err != nil {
		return err
	}
	return s.leave("Save", s.inner.Save(ctx, r))
}

func (s *faultStore) Touch(ctx context.Context, seen []store.Seen) error {
	if err := s.enter(ctx, "Touch"); err != nil {
		return err
	}
	return s.leave("Touch", s.inner.Touch(ctx, seen))
}

func (s *faultStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	if err := s.enter(ctx, "Delete"); err != nil {
		return false, err
	}
	existed, err := s.inner.Delete(ctx, id)
	return existed, s.leave("Delete", err)
}

func (s *faultStore) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if err := s.enter(ctx, "DeleteUser"); err != nil {
		return nil, err
	}
	ids, err := s.inner.DeleteUser(ctx, user, keep...)
	return ids, s.leave("DeleteUser", err)
}

func (s *faultStore) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if err := s.enter(ctx, "List"); err != nil {
		return nil, err
	}
	return s.inner.List(ctx, q)
}

func (s *faultStore) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) ([]store.Summary, error) {
	if err := s.enter(ctx, "Live"); err != nil {
		return nil, err
	}
	return s.inner.Live(ctx, user, after, now, limit)
}

func (s *faultStore) Count(ctx context.Context, user string, after time.Time) (int, error) {
	if err := s.enter(ctx, "Count"); err != nil {
		return 0, err
	}
	return s.inner.Count(ctx, user, after)
}

func (s *faultStore) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := s.enter(ctx, "Sweep"); err != nil {
		return 0, err
	}
	return s.inner.Sweep(ctx, now, limit)
}

func (s *faultStore) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if err := s.enter(ctx, "SetNotBefore"); err != nil {
		return err
	}
	return s.inner.SetNotBefore(ctx, user, t)
}

func (s *faultStore) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	if err := s.enter(ctx, "NotBefore"); err != nil {
		return nil, err
	}
	return s.inner.NotBefore(ctx)
}

func (s *faultStore) Subscribe(tell func(store.Notice)) (stop func()) { return s.inner.Subscribe(tell) }

// record returns what is stored of a session, past all traps.
func (s *faultStore) record(t testing.TB, id store.ID) (store.Record, bool) {
	t.Helper()
	r, err := s.inner.Load(context.Background(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("load: %v", err)
	}
	return r, err == nil
}

// edit changes the stored record of a session, as another program would.
func (s *faultStore) edit(t testing.TB, id store.ID, change func(*store.Record)) {
	t.Helper()
	r, ok := s.record(t, id)
	if !ok {
		t.Fatalf("no record of %v", id)
	}
	change(&r)
	if err := s.inner.Save(context.Background(), r); err != nil {
		t.Fatalf("save: %v", err)
	}
}
