// Command table renders what command rounds has measured as a document: the medians, the ratios, how they stand to the
// goals, and what has changed since an earlier commit if that ran beside.
//
//	go run ./rounds > bench.out && go run ./table < bench.out > ../docs/performance.md
//	go run ./rounds -bench SessionRead | go run ./table -part
//
// It runs in the folder of the module, whose go.mod names the versions of the libraries.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"

	"coatcheck.dev/bench/results"
)

func main() {
	part := flag.Bool("part", false, "only some rows were measured: leave out the goals of the others")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *part); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, part bool) error {
	r, err := results.Parse(in)
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
	if err := render(out, r, peers, part); err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	return nil
}
