// Command rounds runs the benchmarks round by round. It writes what package results reads.
//
//	go run ./rounds > bench.out                      # every row, ten times, at one processor and at two
//	go run ./rounds -base v1.0.0 -bench SessionRead  # beside the benchmarks of an earlier commit, in turn
//
// The rounds of two builds alternate benchmark by benchmark, so that both see the same weather. A row that has another
// name in the earlier build is named with -renamed.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"coatcheck.dev/bench/results"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var p plan
	base := flag.String("base", "", "commit whose benchmarks run beside today's")
	flag.StringVar(&p.bench, "bench", ".", "which benchmarks, as for go test")
	flag.IntVar(&p.rounds, "count", 10, "how often each benchmark runs")
	flag.StringVar(&p.benchtime, "benchtime", "0.5s", "how long, as for go test")
	flag.StringVar(&p.cpu, "cpu", "1,2", "at which numbers of processors")
	renamed := flag.String("renamed", "", "names that have changed, as OLD=NEW,OLD=NEW")
	flag.Parse()
	if err := p.run(ctx, *base, *renamed); err != nil {
		fmt.Fprintln(os.Stderr, "rounds:", err)
		os.Exit(1)
	}
}

// A plan is what is to be run.
type plan struct {
	bench, benchtime, cpu string
	rounds                int
}

func (p *plan) run(ctx context.Context, base, renamed string) error {
	old, err := parseNames(renamed)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "coatcheck-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	builds, err := buildAll(ctx, folder, base, old)
	if err != nil {
		return err
	}
	first, rest, _ := strings.Cut(p.bench, "/")
	functions, err := listAll(ctx, builds, first)
	if err != nil {
		return err
	}
	return p.runAll(ctx, io.MultiWriter(os.Stdout, os.Stderr), builds, functions, rest) // for a file, and for who waits
}

// runAll runs each benchmark of all builds in turn, round by round. Of benchmarks that have parts, rest says which.
func (p *plan) runAll(ctx context.Context, out io.Writer, builds []*build, functions []string, rest string) error {
	for _, function := range functions {
		for range p.rounds {
			for _, b := range builds {
				if err := p.measure(ctx, out, b, function, rest); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// listAll returns the benchmarks of all builds, by their names of today.
func listAll(ctx context.Context, builds []*build, pattern string) (all []string, err error) {
	for _, b := range builds {
		functions, err := b.list(ctx, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range functions {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// measure runs one benchmark of a build once, if it has it.
func (p *plan) measure(ctx context.Context, out io.Writer, b *build, function, rest string) error {
	name, has := b.functions[function]
	if !has {
		return nil
	}
	pattern := "^Benchmark" + name + "$"
	if rest != "" {
		pattern += "/" + rest
	}
	fmt.Fprintf(out, "%s%s\n", results.BuildLine, b.commit)
	cmd := b.command(ctx, "-test.run=^$", "-test.bench="+pattern, "-test.benchmem",
		"-test.benchtime="+p.benchtime, "-test.cpu="+p.cpu)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(out, b.old.line(lines.Text()))
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s: %w", results.ErrFailed, function, err)
	}
	return nil
}

// names are names of rows that have changed: old and new.
type names [][2]string

func parseNames(text string) (all names, err error) {
	for pair := range strings.SplitSeq(text, ",") {
		before, now, ok := strings.Cut(pair, "=")
		if ok {
			all = append(all, [2]string{before, now})
		} else if pair != "" {
			return nil, fmt.Errorf("-renamed %s: want OLD=NEW", strconv.Quote(pair))
		}
	}
	return all, nil
}

// line returns a line of results with the name of today, if that of its row has changed.
func (n names) line(text string) string {
	row, rest, ok := strings.Cut(text, "\t")
	if !ok {
		return text
	}
	padded, ok := strings.CutPrefix(row, "Benchmark")
	if !ok {
		return text
	}
	name := strings.TrimRight(padded, " ")
	path, procs := name, ""
	if i := strings.LastIndexByte(name, '-'); i >= 0 && isNumber(name[i+1:]) {
		path, procs = name[:i], name[i:]
	}
	return "Benchmark" + n.today(path) + procs + "\t" + rest
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 32)
	return err == nil
}

// today returns the name that a row or a whole benchmark has today.
func (n names) today(path string) string {
	for _, pair := range n {
		if rest, ok := strings.CutPrefix(path, pair[0]); ok && (rest == "" || rest[0] == '/') {
			return pair[1] + rest
		}
	}
	return path
}
