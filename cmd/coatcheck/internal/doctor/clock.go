package doctor

import (
	"context"
	"fmt"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/store"
)

// clockTimeout is how long the doctor waits for a beat; a healthy feed takes some milliseconds.
const clockTimeout = 5 * time.Second

// clock says how far this machine's clock is off, which a beat of the store's feed tells.
func clock(ctx context.Context, b *backend.Backend) store.Finding {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	beats := make(chan store.Notice, 1)
	stop := b.Subscribe(func(n store.Notice) {
		if n.Server.IsZero() {
			return
		}
		select {
		case beats <- n:
		default:
		}
	})
	defer stop()
	select {
	case n := <-beats:
		return skew(n)
	case <-ctx.Done():
		return store.Finding{
			Severity: store.Unknown, Name: "clock", What: "the store's server does not tell its time",
			Means: "a node whose clock is off may end sessions too early",
		}
	}
}

// skew judges a beat.
func skew(n store.Notice) store.Finding {
	ahead := n.At.Round(0).Sub(n.Server)
	f := store.Finding{
		Severity: store.Good, Name: "clock", Means: "sessions go by the server's clock",
		What: fmt.Sprintf("this machine's clock is %v off the server's, give or take %v",
			ahead.Abs().Round(time.Millisecond), n.Within.Round(time.Millisecond)),
	}
	if ahead.Abs() > store.MaxClockSkew {
		f.Severity, f.Means = store.Limit, "a node here sweeps no sessions and gives them no new secrets"
		f.Fix = "find out which of the two is wrong, and keep both right: chrony, systemd-timesyncd"
	}
	return f
}
