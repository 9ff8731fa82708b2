package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// mysqlLog reads coatcheck_changes by number. Numbers are given out in the order of changes, and become visible in that
// of commits: one that is skipped may come yet. So those that are missing are looked for at every look, until it is
// certain that nobody holds them: what others have written and not committed can be seen too, by whoever asks for it.
// It must not be told, as a number is told once: whoever hears of a change too early reads what was there before, and
// does not hear of it again.
type mysqlLog struct {
	db    *sql.DB
	marks marks[int64] // numbers up to which all was committed
}

const (
	myPresent = `
SELECT present.server, present.us, present.read_only, present.level,
	c.seq, c.kind, c.id, c.cause, c.owner, c.number
FROM (SELECT concat(@@server_id, ' ', @@hostname, ' ', @@port) AS server,
	timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) AS us,
	@@global.read_only AS read_only, @@LEVEL AS level) present
LEFT JOIN coatcheck_changes c ON `
	// the later servers' name, and the older ones'
	myLevel = `SHOW VARIABLES WHERE variable_name IN ('transaction_isolation', 'tx_isolation')`
	mySeqs  = `SELECT seq FROM coatcheck_changes`
	myTrim  = `DELETE FROM coatcheck_changes WHERE seq <= ? ORDER BY seq LIMIT 1000`
)

const (
	gapLife  = 10 * time.Second // from a number's being given out to its being written, inside the server
	gapMost  = 1000             // numbers that are skipped at once; more were never given to anybody
	gapsMost = 5000             // at a time
	gapLook  = time.Second      // between looks at what is not committed

	readUncommitted = "READ-UNCOMMITTED" // as the server writes it
)

// A follower is one who reads the log.
type follower struct {
	log    *mysqlLog
	text   string // of a look
	wary   bool   // a look must say that it wants to see only what is committed
	began  bool
	server string
	us     int64 // by the server's clock
	at     time.Time

	last    int64               // the highest number that was seen
	missing map[int64]time.Time // the lower ones that were not, and since when
	asked   time.Time           // when what is not committed was looked at last
}

func (l *mysqlLog) follow() look {
	f := &follower{log: l, missing: make(map[int64]time.Time)}
	return f.next
}

func (f *follower) next(ctx context.Context) (_ []store.Notice, server time.Time, _ error) {
	at := time.Now().Round(0) // by the wall: it goes on while a machine sleeps
	if !f.began {
		if err := f.begin(ctx, at); err != nil {
			return nil, server, err
		}
	}
	text, args := f.text+`c.seq > ?`, []any{f.last}
	if len(f.missing) > 0 {
		text += ` OR c.seq IN ` + list(len(f.missing))
		for seq := range f.missing {
			args = append(args, seq)
		}
	}
	notices, err := f.read(ctx, at, text+` ORDER BY c.seq`, args)
	if err != nil {
		return nil, server, err
	}
	f.began, f.at = true, at
	return notices, micro(f.us), f.settle(ctx, at)
}

// begin notes what is committed, and what is not yet: that comes after the beginning.
func (f *follower) begin(ctx context.Context, now time.Time) error {
	level, err := settings(ctx, f.log.db, myLevel)
	if err != nil {
		return err
	}
	for name := range level {
		f.text = strings.Replace(myPresent, "LEVEL", name, 1)
	}
	written, err := f.log.seqs(ctx, sql.LevelReadUncommitted, mySeqs)
	if err != nil || len(written) == 0 {
		return err
	}
	slices.Sort(written)
	for _, seq := range written {
		f.see(seq, now)
	}
	committed, err := f.log.seqs(ctx, sql.LevelReadCommitted, mySeqs+` WHERE seq <= `+strconv.FormatInt(f.last, 10))
	if err != nil {
		return err
	}
	for _, seq := range written {
		f.missing[seq] = now
	}
	for _, seq := range committed {
		delete(f.missing, seq)
	}
	return nil
}

// see notes a number, and those that it skips.
func (f *follower) see(seq int64, now time.Time) {
	for gap := max(f.last, seq-gapMost) + 1; gap < seq; gap++ {
		f.missing[gap] = now
	}
	delete(f.missing, seq)
	f.last = max(f.last, seq)
}

// read looks without a transaction, which takes one round trip. Where that shows what is not committed, as a server may
// be set up to do, it looks in one.
func (f *follower) read(
	ctx context.Context, at time.Time, text string, args []any,
) (notices []store.Notice, err error) {
	if !f.wary {
		if notices, err = f.scan(ctx, f.log.db, at, text, args); err != errUncommitted {
			return notices, err
		}
		f.wary = true
	}
	tx, err := f.log.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	return f.scan(ctx, tx, at, text, args)
}

var errUncommitted = errors.New("what was read may not be committed")

func (f *follower) scan(
	ctx context.Context, q querier, at time.Time, text string, args []any,
) (notices []store.Notice, err error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var server, readOnly, level string
	var us int64
	for rows.Next() {
		var seq sql.NullInt64
		var c change
		if err := rows.Scan(&server, &us, &readOnly, &level, &seq, &c.kind, &c.id, &c.cause, &c.owner,
			&c.number); err != nil {
			return nil, err
		}
		if !isOff(readOnly) {
			return nil, errNoWriter
		}
		if !f.wary && level == readUncommitted {
			return nil, errUncommitted
		}
		if seq.Valid {
			f.see(seq.Int64, at)
			notices = append(notices, c.notice())
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if f.began &&
		(server != f.server || us-f.us > behindMost.Microseconds() || at.Sub(f.at) > behindMost) {
		return nil, errMissed
	}
	f.server, f.us = server, us
	return notices, nil
}

// settle gives up numbers that nobody holds.
func (f *follower) settle(ctx context.Context, now time.Time) error {
	if len(f.missing) == 0 || now.Sub(f.asked) < gapLook {
		return nil
	}
	if len(f.missing) > gapsMost {
		return errMissed
	}
	f.asked = now
	var args []any
	for seq := range f.missing {
		args = append(args, seq)
	}
	held, err := f.log.seqs(ctx, sql.LevelReadUncommitted, mySeqs+` WHERE seq IN `+list(len(args)), args...)
	if err != nil {
		return err
	}
	for seq, since := range f.missing {
		if now.Sub(since) > gapLife && !slices.Contains(held, seq) {
			delete(f.missing, seq)
		}
	}
	return nil
}

// seqs reads numbers at an isolation level.
func (l *mysqlLog) seqs(
	ctx context.Context, level sql.IsolationLevel, text string, args ...any,
) (seqs []int64, err error) {
	tx, err := l.db.BeginTx(ctx, &sql.TxOptions{Isolation: level, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, rows.Err()
}

// trim goes by what was committed at a time: a change that was committed late is not.
func (l *mysqlLog) trim(ctx context.Context) error {
	at := time.Now()
	seq, err := l.committed(ctx)
	if err != nil {
		return err
	}
	old, ok := l.marks.add(at, seq)
	for n := int64(1000); ok && n == 1000; {
		result, err := l.db.ExecContext(ctx, myTrim, old)
		if err != nil {
			return err
		}
		if n, err = result.RowsAffected(); err != nil {
			return err
		}
	}
	return nil
}

// committed returns the number up to which all is committed.
func (l *mysqlLog) committed(ctx context.Context) (int64, error) {
	written, err := l.seqs(ctx, sql.LevelReadUncommitted, mySeqs)
	if err != nil || len(written) == 0 {
		return 0, err
	}
	slices.Sort(written)
	last := written[len(written)-1]
	committed, err := l.seqs(ctx, sql.LevelReadCommitted, mySeqs+` WHERE seq <= `+strconv.FormatInt(last, 10))
	if err != nil {
		return 0, err
	}
	slices.Sort(committed)
	for i, seq := range written {
		if i >= len(committed) || committed[i] != seq {
			return seq - 1, nil
		}
	}
	return last, nil
}

func (l *mysqlLog) callOthers(context.Context) error { return nil }
