package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	sqlstore "coatcheck.dev/store/sql"
)

// A log that is long is worth one warning an hour, however often it is looked at and cut in between.
func TestWALWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	b, err := backend.Open(t.Context(), backend.File(path))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.Background())
	var log lockedBuffer
	w := &walWatch{Backend: b, log: (&Program{Stderr: &log}).logger(config.Server{})}
	began := time.Now()
	for _, step := range []struct {
		after    time.Duration
		bytes    int64
		warnings int
	}{
		{0, sqlstore.LongWAL, 0}, {0, sqlstore.LongWAL + 1, 1}, {time.Minute, sqlstore.LongWAL + 1, 1},
		{2 * time.Minute, 0, 1}, {walWarn - 1, sqlstore.LongWAL + 1, 1}, {walWarn, sqlstore.LongWAL + 1, 2},
	} {
		if err := errors.Join(os.WriteFile(path+"-wal", nil, 0o600), os.Truncate(path+"-wal", step.bytes)); err != nil {
			t.Fatal(err)
		}
		w.look(began.Add(step.after))
		if n := strings.Count(log.String(), path); n != step.warnings || w.bytes() != float64(step.bytes) {
			t.Errorf("after %v with %d bytes: %d warnings, want %d", step.after, step.bytes, n, step.warnings)
		}
	}
}
