// Command table renders the output of the benchmarks as a document: the medians, the ratios, and how they stand to the goals.
//
//	go test -run='^$' -bench=. -benchmem -count=10 . > bench.out
//	go run ./table < bench.out > ../docs/performance.md
//
// It runs in the folder of the module, whose go.mod names the versions of the libraries.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	r, err := parse(in)
	if err != nil {
		return err
	}
	mod, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		return fmt.Errorf("read go.mod: %w", err)
	}
	peers, err := peersOf(mod)
	if err != nil {
		return err
	}
	if err := render(out, r, peers); err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	return nil
}
