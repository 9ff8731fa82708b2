// Package thirdparty is a store as somebody elsewhere would write it, from the documentation of package store alone:
// its records and its feed are in a server behind a TCP connection. A test counts the lines that this takes.
package thirdparty

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/rpc"
	"slices"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A Store keeps its records in a [Server].
type Store struct {
	address string
	feed    *store.FeedState

	mu     sync.Mutex
	client *rpc.Client
}

// New returns a store whose server listens at a TCP address. It connects when it is used.
func New(address string) *Store {
	s := &Store{address: address}
	s.feed = store.NewFeedState(s.listen)
	return s
}

// Close ends the feed and the connection.
func (s *Store) Close(ctx context.Context) error {
	err := s.feed.Close(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.Close()
	}
	return err
}

// connect returns the connection that all calls share.
func (s *Store) connect(ctx context.Context) (*rpc.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
		if err != nil {
			return nil, err
		}
		s.client = rpc.NewClient(conn)
	}
	return s.client, nil
}

// call makes a request. If its connection breaks, the next call makes a new one.
func (s *Store) call(ctx context.Context, q Request) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, err
	}
	client, err := s.connect(ctx)
	if err != nil {
		return Reply{}, err
	}
	var a Reply
	call := client.Go("Server.Do", q, &a, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
	if _, ok := errors.AsType[rpc.ServerError](call.Error); call.Error == nil || ok {
		return a, meaning(call.Error)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == client {
		s.client = nil
		client.Close()
	}
	return a, call.Error
}

// meaning returns the error of package store that the server has sent as a text.
func meaning(err error) error {
	for _, known := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict} {
		if err != nil && err.Error() == known.Error() {
			return known
		}
	}
	return err
}

// Load implements [store.Store], as do the methods below.
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	a, err := s.call(ctx, Request{Op: "Load", ID: id})
	if err != nil {
		return store.Record{}, err
	}
	return a.Records[0].Record()
}

func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	_, err := s.call(ctx, Request{Op: "Create", Record: r.Encode(), ID: replaces})
	return err
}

func (s *Store) Save(ctx context.Context, r store.Record) error {
	_, err := s.call(ctx, Request{Op: "Save", Record: r.Encode()})
	return err
}

func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	_, err := s.call(ctx, Request{Op: "Touch", Seen: seen})
	return err
}

func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	a, err := s.call(ctx, Request{Op: "Delete", ID: id})
	return a.N > 0, err
}

func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	a, err := s.call(ctx, Request{Op: "DeleteUser", User: user, Keep: keep})
	return a.IDs, err
}

func (s *Store) List(ctx context.Context, q store.Query) (records []store.Record, err error) {
	a, err := s.call(ctx, Request{Op: "List", Query: q})
	for _, e := range a.Records {
		if r, err := e.Record(); err == nil { // damaged records are left out
			records = append(records, r)
		}
	}
	return records, err
}

func (s *Store) Live(ctx context.Context, user string, after, now time.Time, limit int) ([]store.Summary, error) {
	begin := store.Query{User: user, After: store.Cursor{CreatedAt: after}}
	a, err := s.call(ctx, Request{Op: "Live", Query: begin, At: now, N: limit})
	return a.Live, err
}

func (s *Store) Count(ctx context.Context, user string, after time.Time) (int, error) {
	a, err := s.call(ctx, Request{Op: "Count", User: user, At: after})
	return a.N, err
}

func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	a, err := s.call(ctx, Request{Op: "Sweep", At: now, N: limit})
	return a.N, err
}

func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	_, err := s.call(ctx, Request{Op: "SetNotBefore", User: user, At: t})
	return err
}

func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	a, err := s.call(ctx, Request{Op: "NotBefore"})
	return a.Cutoffs, err
}

// Subscribe implements [store.Feed].
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) { return s.feed.Subscribe(tell) }

// listen asks again and again for what has changed since the last answer. An answer has all that was durable when it
// was asked for, so it is a beat as well. Only the first is not: it tells where the log ends.
func (s *Store) listen(ctx context.Context, tell func(store.Notice)) {
	var beat time.Time
	for since := -1; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		at := time.Now()
		ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
		a, err := s.call(ctx, Request{Op: "Changes", N: since})
		cancel()
		if err != nil {
			return
		}
		for _, n := range a.Notices {
			tell(n)
		}
		if since >= 0 && at.Sub(beat) >= time.Second {
			tell(store.NewBeat(at, a.At, time.Now()))
			beat = at
		}
		since = a.N
	}
}

// A Request asks for a method of [store.Store].
type Request struct {
	Op     string
	ID     store.ID
	Record store.Encoded
	Seen   []store.Seen
	User   string
	Keep   []store.ID
	Query  store.Query
	At     time.Time
	N      int
}

// A Reply is the answer of a [Server].
type Reply struct {
	Records []store.Encoded
	IDs     []store.ID
	Live    []store.Summary
	N       int
	At      time.Time // by the server's clock
	Cutoffs map[string]time.Time
	Notices []store.Notice
}

// A Server has the records, the cutoffs and a log of changes, in memory. Package rpc calls its methods.
type Server struct {
	mu      sync.Mutex
	records map[store.ID]store.Record
	cutoffs map[string]time.Time
	log     []store.Notice
}

// NewServer returns an empty server.
func NewServer() *Server {
	return &Server{records: make(map[store.ID]store.Record), cutoffs: make(map[string]time.Time)}
}

// remove deletes a record, if there is one, and returns how many that were. The caller holds s.mu, here and below.
func (s *Server) remove(n store.Notice) int {
	before := len(s.records)
	r, ok := s.records[n.ID]
	n.User = r.User
	if delete(s.records, n.ID); ok || n.Kind == store.Deleted {
		s.log = append(s.log, n)
	}
	return before - len(s.records)
}

// Do answers a request.
func (s *Server) Do(q Request, a *Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch q.Op {
	case "Load":
		r, ok := s.records[q.ID]
		if !ok {
			return store.ErrNotFound
		}
		a.Records = append(a.Records, r.Encode())
	case "Create", "Save":
		return s.write(q)
	case "Touch":
		for _, t := range q.Seen {
			if r, ok := s.records[t.ID]; ok && t.At.After(r.LastSeen) {
				r.LastSeen = t.At
				s.records[t.ID] = r
			}
		}
	case "Delete":
		a.N = s.remove(store.Notice{Kind: store.Deleted, ID: q.ID})
	case "DeleteUser":
		for id, r := range s.records {
			if r.User == q.User && q.User != "" && !slices.Contains(q.Keep, id) {
				a.IDs = append(a.IDs, id)
				s.remove(store.Notice{Kind: store.Deleted, ID: id})
			}
		}
		if q.User != "" {
			s.log = append(s.log, store.Notice{Kind: store.UserDeleted, User: q.User})
		}
	case "List":
		page := s.newest(q.Query.User, q.Query.After)
		for _, r := range page[:min(len(page), q.Query.PageLimit())] {
			a.Records = append(a.Records, r.Encode())
		}
	case "Live":
		for _, r := range s.newest(q.Query.User, store.Cursor{}) {
			if len(a.Live) < q.N && q.Query.User != "" && r.CreatedAt.After(q.Query.After.CreatedAt) && !r.Over(q.At) {
				a.Live = append(a.Live, store.Summary{ID: r.ID, CreatedAt: r.CreatedAt, LastSeen: r.LastSeen})
			}
		}
	case "Count":
		before := func(r store.Record) bool { return !r.CreatedAt.After(q.At) }
		a.N = len(slices.DeleteFunc(s.newest(q.User, store.Cursor{}), before))
	case "Sweep":
		for id, r := range s.records {
			if a.N < q.N && r.Over(q.At) {
				a.N += s.remove(store.Notice{Kind: store.Swept, ID: id})
			}
		}
	case "SetNotBefore":
		if at := q.At.UTC().Truncate(time.Microsecond); at.After(s.cutoffs[q.User]) {
			s.cutoffs[q.User] = at
			s.log = append(s.log, store.Notice{Kind: store.Cutoff, User: q.User, At: at})
		}
	case "NotBefore":
		a.Cutoffs = maps.Clone(s.cutoffs)
	case "Changes":
		a.At = time.Now()
		if a.N = len(s.log); q.N > a.N {
			return errors.New("the log is not the one that it was") // changes may have been missed
		} else if q.N >= 0 {
			a.Notices = s.log[q.N:]
		}
	}
	return nil
}

// write creates a record, or saves one that is there at its version.
func (s *Server) write(q Request) error {
	r, err := q.Record.Record()
	if err != nil {
		return err
	}
	n := store.Notice{Kind: store.Created, ID: r.ID, User: r.User, Version: r.Version + 1}
	made := q.ID // the record that this one was made from
	if q.Op == "Save" {
		made, n.Kind = r.ID, store.Saved
	}
	old, ok := s.records[made]
	_, taken := s.records[r.ID]
	switch {
	case !made.IsZero() && !ok:
		return store.ErrNotFound
	case ok && old.Version != r.Version:
		return store.ErrConflict
	case q.Op == "Create" && taken:
		return store.ErrExists
	case q.Op == "Create":
		s.remove(store.Notice{Kind: store.Replaced, ID: made, By: r.ID})
	case old.LastSeen.After(r.LastSeen):
		r.LastSeen = old.LastSeen
	}
	r.Version = n.Version
	s.records[r.ID] = r
	s.log = append(s.log, n)
	return nil
}

func (s *Server) newest(user string, after store.Cursor) (found []store.Record) {
	for _, r := range s.records {
		if (user == "" || r.User == user) && (after == store.Cursor{} || after.Compare(r.Cursor()) < 0) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b store.Record) int { return a.Cursor().Compare(b.Cursor()) })
	return found
}
