package near_test

import (
	"context"
	"fmt"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

func Example() {
	ctx := context.Background()
	shared := memory.New() // stands for the store that all nodes share
	here, there := near.New(shared, near.Options{}), near.New(shared, near.Options{MaxBytes: 256 << 20})
	defer here.Close()
	defer there.Close()

	now := time.Now()
	r := store.Record{ID: store.NewID(), User: "ada", CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
	if err := here.Create(ctx, r, store.ID{}); err != nil {
		fmt.Println(err)
	}
	for range 100 {
		if _, err := there.Load(ctx, r.ID); err != nil {
			fmt.Println(err)
		}
	}
	s := there.Stats()
	fmt.Printf("%d reads asked the store, %d did not\n", s.Loads, s.Hits)

	if _, err := here.DeleteUser(ctx, "ada"); err != nil {
		fmt.Println(err)
	}
	_, err := there.Load(ctx, r.ID)
	fmt.Println(err)
	// Output:
	// 1 reads asked the store, 99 did not
	// store: no such record
}
