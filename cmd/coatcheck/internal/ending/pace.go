package ending

import (
	"slices"
	"time"
)

// A pace says how long a job rests after each batch, so that requests beside it do not wait for it. A store that
// answers more slowly than it can has others to serve.
type pace struct {
	pause time.Duration
	best  time.Duration // how long most answers of the best batch took at most
}

const (
	shortest = 5 * time.Millisecond
	longest  = 250 * time.Millisecond
	good     = 10 * time.Millisecond // an answer that nobody minds
)

func newPace() pace { return pace{pause: shortest} }

// note takes note of a batch: how long it took, and each of its answers. One slow answer in ten may be anything.
func (p *pace) note(took time.Duration, answers []time.Duration) {
	slices.Sort(answers)
	most := answers[(len(answers)-1)*9/10]
	if p.best == 0 || most < p.best {
		p.best = most
	}
	if most > max(good, 4*p.best) {
		p.pause = min(2*max(p.pause, took), longest)
		return
	}
	p.pause = max(min(p.pause/2, longest), took/3, shortest) // a quarter of the time is the others'
}
