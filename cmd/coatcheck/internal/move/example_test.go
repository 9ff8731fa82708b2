package move_test

import (
	"context"
	"fmt"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/move"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A session that is asked for is taken over, and the rest is brought behind it.
func Example() {
	ctx, old, fresh := context.Background(), memory.New(), memory.New()
	r := store.Record{ID: store.NewID(), User: "ada", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	_ = old.Create(ctx, r, store.ID{})
	_ = old.Create(ctx, store.Record{ID: store.NewID(), User: "alan", CreatedAt: time.Now(),
		ExpiresAt: time.Now().Add(time.Hour)}, store.ID{})

	sessions := move.From(old, fresh) // what session.New is given
	got, err := sessions.Load(ctx, r.ID)
	fmt.Println(got.User, err)

	report, err := move.Copy(ctx, old, fresh, move.Options{Move: true})
	fmt.Println(report.To.Records, report.Left, report.Err(), err)
	// Output:
	// ada <nil>
	// 1 0 <nil> <nil>
}
