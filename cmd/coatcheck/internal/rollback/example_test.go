package rollback_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/rollback"
	"coatcheck.dev/store/memory"
)

// What the doctor asks: is the store behind what this node has ended in it?
func ExampleInspect() {
	folder, _ := os.MkdirTemp("", "coatcheck-")
	defer os.RemoveAll(folder)
	ctx, inner, path := context.Background(), memory.New(), filepath.Join(folder, "rollback.json")
	s, err := rollback.Open(ctx, inner, rollback.Options{File: path})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = s.DeleteUser(ctx, "ada")
	state, err := rollback.Inspect(path, "", func() (map[string]time.Time, error) { return inner.NotBefore(ctx) })
	fmt.Println(state.Restored(), err)
	// Output: false <nil>
}
