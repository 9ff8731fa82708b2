package main

import (
	"context"
	"log/slog"
	"math"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	sqlstore "coatcheck.dev/store/sql"
)

const (
	walLook = 5 * time.Second
	walWarn = time.Hour // between two warnings
)

// A walWatch notices that another program keeps the write-ahead log of a database from being emptied.
type walWatch struct {
	*backend.Backend
	log    *slog.Logger
	warned time.Time
}

// run returns when the context ends.
func (w *walWatch) run(ctx context.Context) {
	tick := time.NewTicker(walLook)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			w.look(now)
		case <-ctx.Done():
			return
		}
	}
}

func (w *walWatch) look(now time.Time) {
	if n, _ := w.WALBytes(); n > sqlstore.LongWAL && now.Sub(w.warned) >= walWarn {
		w.log.Warn("another program has a transaction open in the database, so that its write-ahead log grows: "+
			"see coatcheck doctor", "store", w.Address.String(), "bytes", n)
		w.warned = now
	}
}

// bytes is the size for the metrics.
func (w *walWatch) bytes() float64 {
	if n, known := w.WALBytes(); known {
		return float64(n)
	}
	return math.NaN()
}
