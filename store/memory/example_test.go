package memory_test

import (
	"context"
	"fmt"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

func Example() {
	ctx, now := context.Background(), time.Now()
	s := memory.New()
	r := store.Record{ID: store.NewID(), User: "ada", CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
	if err := s.Create(ctx, r, store.ID{}); err != nil {
		fmt.Println(err)
	}
	got, err := s.Load(ctx, r.ID)
	fmt.Println(got.User, got.Version, err)

	gone, _ := s.DeleteUser(ctx, "ada")
	_, err = s.Load(ctx, r.ID)
	fmt.Println(len(gone), err)
	// Output:
	// ada 1 <nil>
	// 1 store: no such record
}
