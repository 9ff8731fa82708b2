package webhook

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A Status is how a receiver stands.
type Status struct {
	Name      string
	URL       string // without its query
	Kinds     []string
	Signals   bool
	Off       time.Time // since when it is switched off; zero while it is on
	Failing   time.Time // since when it fails; zero while it does not
	Paused    time.Time // until when nothing is sent, after failures; zero for no pause
	Waiting   int
	Dead      int
	Oldest    time.Time // since when the oldest message waits; zero if none does
	Delivered int64
	Dropped   int64 // because too many waited
	Answered  time.Time
	Answer    string // to the last request
}

// Statuses returns how the receivers stand, by their names.
func (o *Outbox) Statuses(ctx context.Context) (all []Status, err error) {
	for _, c := range o.everyone() {
		s, err := o.status(ctx, c)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (o *Outbox) status(ctx context.Context, c *courier) (Status, error) {
	r := &c.receiver
	s := Status{Name: r.Name, URL: r.shown(), Kinds: r.Kinds, Signals: r.Signals != nil}
	if err := o.db.counts(ctx, &s); err != nil {
		return Status{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Off, s.Failing = c.off, c.failing
	if c.paused.After(time.Now()) {
		s.Paused = c.paused
	}
	return s, nil
}

// counts fills in what the file knows.
func (d *disk) counts(ctx context.Context, s *Status) error {
	var oldest, answered, off int64
	err := d.db.QueryRowContext(ctx, `SELECT
(SELECT count(*) FROM deliveries WHERE receiver = ?1 AND dead = 0),
(SELECT count(*) FROM deliveries WHERE receiver = ?1 AND dead = 1),
coalesce((SELECT since FROM deliveries WHERE receiver = ?1 AND dead = 0 ORDER BY seq LIMIT 1), 0),
delivered, dropped, answered, answer, off FROM receivers WHERE name = ?1`, s.Name).
		Scan(&s.Waiting, &s.Dead, &oldest, &s.Delivered, &s.Dropped, &answered, &s.Answer, &off)
	s.Oldest, s.Answered, s.Off = timeOf(oldest), timeOf(answered), timeOf(off)
	return err
}

// A Corpse is a message that could not be delivered for too long.
type Corpse struct {
	Receiver string
	Number   int64 // for [Outbox.Retry] and [Outbox.Drop]
	ID       string
	Type     string
	Subject  string // the handle, or whom it concerns
	At       time.Time
	Tries    int
	Answer   string
}

// Dead returns the oldest dead messages of all receivers, at most limit of each.
func (o *Outbox) Dead(ctx context.Context, limit int) (all []Corpse, err error) {
	for _, c := range o.everyone() {
		found, err := o.db.dead(ctx, c.receiver.Name, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b Corpse) int { return a.At.Compare(b.At) })
	return all, nil
}

func (d *disk) dead(ctx context.Context, receiver string, limit int) (all []Corpse, err error) {
	rows, err := d.db.QueryContext(ctx, `SELECT d.seq, m.id, m.type, m.subject, m.at, d.tries, d.answer
FROM deliveries d JOIN messages m ON m.seq = d.seq WHERE d.receiver = ? AND d.dead = 1 ORDER BY d.seq LIMIT ?`,
		receiver, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one := Corpse{Receiver: receiver}
		var at int64
		if err := rows.Scan(&one.Number, &one.ID, &one.Type, &one.Subject, &at, &one.Tries, &one.Answer); err != nil {
			return nil, err
		}
		one.At = time.UnixMicro(at)
		all = append(all, one)
	}
	return all, rows.Err()
}

// Lost returns how many events came to nobody's outbox, because the disk took nothing for too long.
func (o *Outbox) Lost() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost.total
}
