package sqlstore

import (
	"testing"
	"testing/synctest"
)

// A checkpoint comes when enough has been written, and what is written while one is made is for the next.
func TestCheckpointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		var c checkpointer
		c.checkpoint = func() {
			if runs++; runs == 2 {
				c.wrote(checkpointRows)
			}
		}
		for _, step := range []struct {
			rows int64
			runs int
		}{{checkpointRows - 1, 0}, {1, 1}, {1, 1}, {checkpointRows - 1, 3}, {checkpointRows - 1, 3}} {
			c.wrote(step.rows)
			if err := c.await(t.Context()); err != nil {
				t.Fatal(err)
			}
			if runs != step.runs {
				t.Fatalf("%d checkpoints after %d more rows, want %d", runs, step.rows, step.runs)
			}
		}
	})
}
