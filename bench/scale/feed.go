package main

import (
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/store"
)

// feed revokes sessions at one node, and listens at another for how long that takes to be told there. Within one process, there is
// no other node.
func feed(g *engine, st store.Store, c *crowd, e *figures.Engine) error {
	other, err := g.hear("few")
	if other == nil || err != nil {
		return err
	}
	if there, err := g.hear("few"); err == nil { // who revokes has to say so, which without its own feed it does not in PostgreSQL
		st = there
	}
	told := make(chan store.Notice, 4096)
	stop := other.(store.Feed).Subscribe(func(n store.Notice) {
		if n.Kind == store.Deleted || n.Kind == store.Beat {
			told <- n
		}
	})
	defer stop()
	if err := await(told, func(n store.Notice) bool { return n.Kind == store.Beat }); err != nil {
		return err
	}
	var lates []time.Duration
	for began, i := time.Now(), 0; i < 300 && time.Since(began) < 20*time.Second; i++ {
		id := c.ids[i]
		if _, err := st.Delete(ctx, id); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		acknowledged := time.Now()
		if err := await(told, func(n store.Notice) bool { return n.ID == id }); err != nil {
			return err
		}
		lates = append(lates, time.Since(acknowledged))
	}
	e.Feed = figures.Feed{Median: micros(at(lates, 500)), P99: micros(at(lates, 990))}
	return nil
}

func await(told <-chan store.Notice, is func(store.Notice) bool) error {
	for timeout := time.After(30 * time.Second); ; {
		select {
		case n := <-told:
			if is(n) {
				return nil
			}
		case <-timeout:
			return errors.New("the feed did not tell")
		}
	}
}
