package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// server is what the engines for database servers share. They have no writer: each call is a statement of its own, or a
// short transaction, on a connection of the pool. Nothing is prepared and nothing is kept in a connection from one
// statement to the next, so that a pooler in between may hand out another one each time.
type server struct {
	db       *sql.DB
	feed     *feed
	tries    []string
	diagnose func(error) failure

	find         string // id -> version, last_seen, body
	findAtWriter string // the same behind whether the server is read-only, which is always there
	look         string // id -> version
}

func (s *server) close(ctx context.Context) error { return s.feed.close(ctx) }

func (s *server) explain(err error) error { return advise(s.diagnose(err), err) }

func (s *server) subscribe(tell func(store.Notice), prepare func(context.Context) error) (stop func()) {
	return s.feed.subscribe(tell, prepare)
}

// keyOf returns what stands for a user in indexes and locks: a name may be longer than an index takes. The empty user
// has none.
func keyOf(user string) []byte {
	if user == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(user))
	return sum[:16]
}

// cutoffKey is keyOf, and for everybody's cutoff nothing.
func cutoffKey(user string) []byte { return append([]byte{}, keyOf(user)...) }

// load implements [engine]. What seems to be missing is asked for once more, together with whether the server takes
// writes: a standby may not have it yet, and nobody is to be signed out because of that.
func (s *server) load(ctx context.Context, id store.ID) (row, error) {
	r := row{id: id}
	err := s.again(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.find, id[:]).Scan(&r.version, &r.seen, &r.body)
	})
	if !errors.Is(err, sql.ErrNoRows) {
		return r, err
	}
	err = s.again(ctx, func() error {
		var readOnly string
		var version, seen sql.NullInt64
		var body sql.NullString
		err := s.db.QueryRowContext(ctx, s.findAtWriter, id[:]).Scan(&readOnly, &version, &seen, &body)
		switch {
		case err != nil:
			return err
		case !isOff(readOnly):
			return errNoWriter
		case !version.Valid:
			return store.ErrNotFound
		}
		r.version, r.seen, r.body = version.Int64, seen.Int64, body.String
		return nil
	})
	return r, err
}

// isOff reports whether a server's setting is off. Later versions have more words for how it can be on.
func isOff(setting string) bool { return setting == "0" || strings.EqualFold(setting, "off") }

// read runs a statement, and scans its rows.
func read[T any](
	ctx context.Context, s *server, scan func(*sql.Rows) (T, error), text string, args ...any,
) (all T, err error) {
	err = s.again(ctx, func() error {
		rows, err := s.db.QueryContext(ctx, text, args...)
		if err == nil {
			all, err = scan(rows)
		}
		return err
	})
	return all, err
}

// number reads one number.
func (s *server) number(ctx context.Context, text string, args ...any) (n int, err error) {
	err = s.db.QueryRowContext(ctx, text, args...).Scan(&n)
	return n, err
}

// counted is number for a call of its own.
func (s *server) counted(ctx context.Context, text string, args ...any) (n int, err error) {
	err = s.again(ctx, func() error {
		n, err = s.number(ctx, text, args...)
		return err
	})
	return n, err
}

// latest returns the last time at which each session was seen, in the order of the IDs: a statement changes a row only
// once, and two statements that take rows in one order do not wait for each other.
func latest(seen []store.Seen) []store.Seen {
	slices.SortFunc(seen, func(a, b store.Seen) int {
		return cmp.Or(bytes.Compare(a.ID[:], b.ID[:]), b.At.Compare(a.At))
	})
	return slices.CompactFunc(seen, func(a, b store.Seen) bool { return a.ID == b.ID })
}

// refused says why a record of a certain version was not there.
func (s *server) refused(ctx context.Context, id store.ID) error {
	_, err := s.number(ctx, s.look, id[:])
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	case err == nil:
		return store.ErrConflict
	}
	return err
}

// taken says why a record cannot replace itself.
func (s *server) taken(ctx context.Context, id store.ID, version int64) error {
	n, err := s.number(ctx, s.look, id[:])
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	case err == nil && int64(n) != version:
		return store.ErrConflict
	case err == nil:
		return store.ErrExists
	}
	return err
}

// twice sweeps without waiting for anybody, and, if that leaves something that is due, once more with waiting.
func (s *server) twice(
	ctx context.Context, anyDue string, now time.Time, limit int,
	sweep func(limit int, wait bool) (seen, swept int, err error),
) (swept int, more bool, err error) {
	seen, swept, err := sweep(limit, false)
	if err != nil || seen == limit {
		return swept, true, err
	}
	if left, err := s.number(ctx, anyDue, now.UnixMicro()); err != nil || left == 0 {
		return swept, false, err
	}
	limit -= swept
	seen, n, err := sweep(limit, true)
	return swept + n, seen == limit, err
}

// attempts is how often a call is tried.
const attempts = 8

// write makes a change. It is made again if the server has undone it because of what others did at the same moment, and
// never because its answer was lost: it may have happened.
func (s *server) write(ctx context.Context, change func() error) error {
	err := s.again(ctx, change)
	if err == nil {
		s.feed.wrote()
	}
	return err
}

// hangUp closes the idle connections.
func (s *server) hangUp(ctx context.Context) {
	for range s.db.Stats().Idle {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return
		}
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		conn.Close()
	}
}

// again repeats what certainly has not happened: what the server has undone, what was never sent, because a connection
// was found broken, and what a server has refused that takes no writes any more: a new connection may lead to the one
// that does. While that is not found nothing is asked, because what such a server knows may be old.
func (s *server) again(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		if s.feed.demoted.Load() {
			return errNoWriter
		}
		err := do()
		if err == nil || try == attempts {
			return err
		}
		switch why := s.diagnose(err); {
		case errors.Is(err, driver.ErrBadConn), why == collided:
		case (why == standby || errors.Is(err, errNoWriter)) && try == 1:
			s.hangUp(ctx)
		default:
			return err
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(try * try * int(time.Millisecond))))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
