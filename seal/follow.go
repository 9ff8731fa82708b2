package seal

import (
	"context"
	"time"
)

// followEvery is how often a ring that follows its file looks at it.
const followEvery = 500 * time.Millisecond

// Follow reads the ring's file again whenever it has changed, until ctx ends: a key that one program adds is in use by
// the others within a second, and one that is retired is refused by them. It calls report with nil after each change,
// and with an error when the file cannot be read any more; the ring then goes on with the keys that it has. report may
// be nil. Without a file Follow returns at once.
func (r *Ring) Follow(ctx context.Context, report func(error)) {
	if r.path == "" {
		return
	}
	if report == nil {
		report = func(error) {}
	}
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch changed, err := r.reload(); {
		case err != nil && err.Error() != failed:
			failed = err.Error()
			report(err)
		case err == nil && (changed || failed != ""):
			failed = ""
			report(nil)
		}
	}
}
