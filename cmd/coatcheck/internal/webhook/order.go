package webhook

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// The orders that an operator gives.
const (
	replayOrder = "replay"
	resumeOrder = "resume"
)

// Replay has everything that a receiver wants and that happened since a time be sent to it, whether it was received
// before or not, with the webhook-id that it had. It returns how many messages these are.
func (o *Outbox) Replay(ctx context.Context, receiver string, since time.Time) (n int, err error) {
	c, err := o.courier(receiver)
	if err != nil {
		return 0, err
	}
	err = o.db.change(ctx, func(tx *sql.Tx) (err error) {
		n, err = replay(ctx, tx, &c.receiver, since, time.Now())
		return err
	})
	poke(c.wake)
	return n, err
}

// Resume switches a receiver on again. What happened since it was switched off is sent, as far as it is kept.
func (o *Outbox) Resume(ctx context.Context, receiver string) error {
	c, err := o.courier(receiver)
	if err != nil {
		return err
	}
	c.mu.Lock()
	since := c.off
	c.off, c.fails, c.failing, c.paused = time.Time{}, 0, time.Time{}, time.Time{}
	c.mu.Unlock()
	defer poke(c.wake)
	if since.IsZero() {
		return nil
	}
	return o.db.change(ctx, func(tx *sql.Tx) error { return resume(ctx, tx, &c.receiver, since, time.Now()) })
}

// Retry has dead messages of a receiver be tried again: the one of a number, or all for 0. It returns how many.
func (o *Outbox) Retry(ctx context.Context, receiver string, number int64) (n int, err error) {
	return o.raise(ctx, receiver, number, `UPDATE deliveries SET dead = 0, tries = 0, since = ?1, due = ?1
WHERE dead = 1 AND receiver = ?2 AND (seq = ?3 OR ?3 = 0)`)
}

// Drop gives up dead messages of a receiver: the one of a number, or all for 0. It returns how many.
func (o *Outbox) Drop(ctx context.Context, receiver string, number int64) (n int, err error) {
	return o.raise(ctx, receiver, number, `DELETE FROM deliveries
WHERE dead = 1 AND ?1 > 0 AND receiver = ?2 AND (seq = ?3 OR ?3 = 0)`)
}

func (o *Outbox) raise(ctx context.Context, receiver string, number int64, statement string) (n int, err error) {
	c, err := o.courier(receiver)
	if err != nil {
		return 0, err
	}
	err = o.db.change(ctx, func(tx *sql.Tx) error {
		changed, err := affected(tx.ExecContext(ctx, statement, time.Now().UnixMicro(), receiver, number))
		if err != nil {
			return err
		}
		n = int(changed)
		return line(ctx, tx, receiver)
	})
	poke(c.wake)
	return n, err
}

// ErrNoReceiver says that nobody has the name.
var ErrNoReceiver = errors.New("there is no such receiver")

func (o *Outbox) courier(name string) (*courier, error) {
	o.posts.Lock()
	defer o.posts.Unlock()
	c := o.couriers[name]
	if c == nil {
		return nil, ErrNoReceiver
	}
	return c, nil
}

func resume(ctx context.Context, tx *sql.Tx, r *Receiver, since, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE receivers SET off = 0 WHERE name = ?`, r.Name); err != nil {
		return err
	}
	_, err := replay(ctx, tx, r, since, now)
	return err
}

// replay puts messages that are kept before a receiver once more.
func replay(ctx context.Context, tx *sql.Tx, r *Receiver, since, now time.Time) (n int, err error) {
	for _, kind := range r.kinds() {
		causes := ""
		if r.Signals != nil && kind == SessionEnded {
			causes = ` AND json_extract(body, '$.data.cause') IN ('` + signedOut + `', '` + revoked + `')`
		}
		added, err := affected(tx.ExecContext(ctx, `INSERT INTO deliveries
(receiver, seq, subject, dead, head, tries, since, due, answer)
SELECT ?1, seq, subject, 0, 0, 0, ?2, ?2, '' FROM messages WHERE at >= ?3 AND type = ?4`+causes+`
ON CONFLICT (receiver, seq) DO UPDATE SET dead = 0, tries = 0, since = ?2, due = ?2`,
			r.Name, now.UnixMicro(), since.UnixMicro(), kind))
		if err != nil {
			return 0, err
		}
		n += int(added)
	}
	return n, line(ctx, tx, r.Name)
}

// kinds are the types that a receiver hears of.
func (r *Receiver) kinds() []string {
	switch {
	case r.Signals != nil:
		return []string{SessionEnded, UserCutoff, EverybodyCutoff}
	case len(r.Kinds) > 0:
		return append([]string{Gap}, r.Kinds...)
	}
	return append(Kinds(), Gap)
}

// obey does what the command line has asked for.
func (o *Outbox) obey(ctx context.Context) {
	orders, err := o.db.orders(ctx)
	if err != nil {
		o.log.Warn("orders to the outbox cannot be read", "error", err)
		return
	}
	for _, order := range orders {
		var err error
		n := 0
		if order.what == resumeOrder {
			err = o.Resume(ctx, order.receiver)
		} else {
			n, err = o.Replay(ctx, order.receiver, order.since)
		}
		o.log.Info("the command line has asked the outbox for something", "what", order.what,
			"receiver", order.receiver, "messages", n, "error", err)
		if err := o.db.obeyed(ctx, order.number); err != nil {
			o.log.Warn("an order to the outbox will be obeyed twice", "error", err)
		}
	}
}

// An order waits in the file for the program that runs.
type order struct {
	number   int64
	receiver string
	what     string
	since    time.Time
}

func (d *disk) orders(ctx context.Context) (all []order, err error) {
	rows, err := d.db.QueryContext(ctx, `SELECT number, receiver, what, since FROM orders ORDER BY number LIMIT 100`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one order
		var since int64
		if err := rows.Scan(&one.number, &one.receiver, &one.what, &since); err != nil {
			return nil, err
		}
		one.since = timeOf(since)
		all = append(all, one)
	}
	return all, rows.Err()
}

func (d *disk) obeyed(ctx context.Context, number int64) error {
	_, err := d.db.ExecContext(ctx, `DELETE FROM orders WHERE number = ?`, number)
	return err
}
