package tidemark_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/tidemark"
	"coatcheck.dev/store/memory"
)

// What the doctor asks: is the store behind what this node has ended in it?
func ExampleLook() {
	folder, _ := os.MkdirTemp("", "coatcheck-")
	defer os.RemoveAll(folder)
	ctx, inner, path := context.Background(), memory.New(), filepath.Join(folder, "tidemark.json")
	s, err := tidemark.Open(ctx, inner, tidemark.Options{File: path})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = s.DeleteUser(ctx, "ada")
	state, err := tidemark.Look(path, func() (map[string]time.Time, error) { return inner.NotBefore(ctx) })
	fmt.Println(state.Restored(), err)
	// Output: false <nil>
}
