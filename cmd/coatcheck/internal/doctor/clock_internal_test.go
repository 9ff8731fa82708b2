package doctor

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A beating store has a server with a clock of its own, behind this machine's.
type beating struct {
	*memory.Store
	feed *store.FeedState
}

func (b beating) Subscribe(tell func(store.Notice)) (stop func()) { return b.feed.Subscribe(tell) }

// Rows: A39
func TestClock(t *testing.T) {
	for _, tt := range []struct {
		ahead    time.Duration
		severity store.Severity
		what     string
	}{
		{0, store.Good, "0s off"}, {40 * time.Second, store.Good, "40s off"},
		{-40 * time.Second, store.Good, "40s off"},
		{2 * time.Hour, store.Limit, "2h0m0s off"}, {-2 * time.Hour, store.Limit, "2h0m0s off"},
	} {
		synctest.Test(t, func(t *testing.T) {
			feed := store.NewFeedState(func(ctx context.Context, tell func(store.Notice)) {
				now := time.Now()
				tell(store.NewBeat(now, now.Add(-tt.ahead), now))
				<-ctx.Done()
			})
			got := clock(t.Context(), &backend.Backend{Store: beating{memory.New(), feed}})
			if got.Severity != tt.severity || !strings.Contains(got.What, tt.what) {
				t.Errorf("%v ahead: %+v", tt.ahead, got)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		if got := clock(t.Context(), &backend.Backend{Store: memory.New()}); got.Severity != store.Unknown {
			t.Errorf("a server that does not tell: %+v", got)
		}
	})
}
