// Mutate changes the product a little, one place at a time, and reports which changes no test notices: a promise that
// nothing proves. It needs minutes, so no test runs it: make mutate, or go run ./test/mutate -n 300 -seed 2 -only near
// from the root of the tree.
//
// A mutant that survives either lacks a test, which is then written, or behaves as the original does, which the table
// of equivalents says with a reason. The exit status is 1 if one is neither.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
)

func main() {
	n := flag.Int("n", 150, "how many mutants")
	seed := flag.Uint64("seed", 1, "which ones")
	only := flag.String("only", "", "a regular expression for what a mutant is called")
	list := flag.Bool("list", false, "list all mutants, and run nothing")
	flag.Parse()
	if err := run(*n, *seed, *only, *list); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(n int, seed uint64, only string, list bool) error {
	named, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	mutants, err := find(named)
	if err != nil {
		return err
	}
	if list {
		for _, m := range mutants {
			fmt.Println(m.name)
		}
		return nil
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(mutants), func(i, j int) {
		mutants[i], mutants[j] = mutants[j], mutants[i]
	})
	s := score{most: n}
	for _, m := range mutants {
		if s.all() == n {
			break
		}
		result, err := m.run()
		if err != nil {
			return err
		}
		s.count(m.name, result)
	}
	return s.report(os.Stdout)
}

// A score counts mutants by what became of them.
type score struct {
	most, killed, equivalent int
	survivors                []string
}

func (s *score) all() int { return s.killed + s.equivalent + len(s.survivors) }

func (s *score) count(name string, r result) {
	why, known := equivalents[name]
	switch {
	case r == broken:
		return // the compiler refuses it, so it is none
	case r == killed:
		s.killed++
		if known {
			s.print("killed, although it is in the table of equivalents: %s", name)
		}
	case known:
		s.equivalent++
		s.print("equivalent: %s: %s", name, why)
	default:
		s.survivors = append(s.survivors, name)
		s.print("survived: %s", name)
	}
}

func (s *score) print(format string, args ...any) {
	fmt.Printf("%d of %d: %s\n", s.all(), s.most, fmt.Sprintf(format, args...))
}

func (s *score) report(to *os.File) error {
	w := bufio.NewWriter(to)
	percent := 100 * float64(s.killed) / float64(max(s.all()-s.equivalent, 1))
	fmt.Fprintf(w, "%d mutants: %d equivalent, %d killed (%.1f %% of the others), %d survived\n",
		s.all(), s.equivalent, s.killed, percent, len(s.survivors))
	if err := w.Flush(); err != nil {
		return err
	}
	if len(s.survivors) > 0 {
		return errors.New("these promises are not proven")
	}
	return nil
}
