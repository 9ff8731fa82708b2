package scale

import (
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/test/scale/figures"
)

// feed revokes sessions at one node, and listens at another for how long that takes to be told there. Within one
// process, there is no other node.
func feed(t *testing.T, g *engine, c *population, e *figures.Engine) {
	if g.hear == nil {
		return
	}
	here, there := g.hear("few"), g.hear("few") // in PostgreSQL only a store with a feed tells others
	told := make(chan store.Notice, 4096)
	stop := there.(store.Feed).Subscribe(func(n store.Notice) {
		if n.Kind == store.Deleted || n.Kind == store.Beat {
			told <- n
		}
	})
	defer stop()
	await(t, told, func(n store.Notice) bool { return n.Kind == store.Beat })
	var lates []time.Duration
	for began, i := time.Now(), 0; i < 300 && time.Since(began) < 20*time.Second; i++ {
		id := c.ids[i]
		_, err := here.Delete(ctx, id)
		must(t, err)
		acknowledged := time.Now()
		await(t, told, func(n store.Notice) bool { return n.ID == id })
		lates = append(lates, time.Since(acknowledged))
	}
	e.Feed = figures.Feed{Median: micros(at(lates, 500)), P99: micros(at(lates, 990))}
}

func await(t *testing.T, told <-chan store.Notice, is func(store.Notice) bool) {
	for timeout := time.After(30 * time.Second); ; {
		select {
		case n := <-told:
			if is(n) {
				return
			}
		case <-timeout:
			t.Fatal("the feed did not tell")
		}
	}
}
