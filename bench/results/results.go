// Package results reads what command rounds writes: the output of Go benchmarks, at one or more numbers of processors
// and of one or two builds.
package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The units of Go benchmarks that everybody here reports.
const (
	Time   = "ns/op"
	Allocs = "allocs/op"
	Bytes  = "B/op"
)

// Results are what a run has measured.
type Results struct {
	CPU   string
	Today Build
	Base  Build // the zero Build if the run compared with no other commit
}

// A Build is one binary of benchmarks.
type Build struct {
	Commit string
	Names  []string // of benchmarks, without "Benchmark" and in the order of the run
	Procs  []int    // the numbers of processors that it ran at, ascending
	rows   map[Row]map[string][]float64
}

// A Row is one benchmark at one number of processors.
type Row struct {
	Name  string
	Procs int
}

// ErrFailed says that a benchmark has failed. The numbers of such a run are not those of the work.
var ErrFailed = errors.New("the benchmarks failed")

var errEmpty = errors.New("no benchmarks in the input")

// BuildLine begins the results of a build. It is a configuration line of the format of Go benchmarks
// (golang.org/design/14313-benchmark-format). Those of today's have none.
const BuildLine = "commit: "

// Parse reads results.
func Parse(in io.Reader) (*Results, error) {
	r := new(Results)
	to := &r.Today
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if cpu, ok := strings.CutPrefix(line, "cpu: "); ok {
			r.CPU = cpu
		}
		if commit, ok := strings.CutPrefix(line, BuildLine); ok {
			if to = &r.Today; commit != "" {
				to = &r.Base
				to.Commit = commit
			}
		}
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			return nil, fmt.Errorf("%w: %s", ErrFailed, line)
		}
		if err := to.add(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("read %q: %w", line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	if len(r.Today.Names) == 0 {
		return nil, errEmpty
	}
	return r, nil
}

var nameForm = regexp.MustCompile(`^Benchmark(\S+?)(?:-(\d+))?$`)

// add takes over the fields of one line: name, iterations, and then pairs of value and unit.
func (b *Build) add(fields []string) error {
	if len(fields) < 4 {
		return nil
	}
	match := nameForm.FindStringSubmatch(fields[0])
	if match == nil {
		return nil
	}
	row := Row{Name: match[1], Procs: 1}
	if match[2] != "" {
		procs, err := strconv.Atoi(match[2])
		if err != nil {
			return err
		}
		row.Procs = procs
	}
	values := b.row(row)
	for pair := range slices.Chunk(fields[2:], 2) {
		if len(pair) < 2 {
			return errors.New("a value without a unit")
		}
		value, err := strconv.ParseFloat(pair[0], 64)
		if err != nil {
			return err
		}
		values[pair[1]] = append(values[pair[1]], value)
	}
	return nil
}

// row returns the values of a row by their unit, one for each round.
func (b *Build) row(row Row) map[string][]float64 {
	if b.rows == nil {
		b.rows = make(map[Row]map[string][]float64)
	}
	if b.rows[row] == nil {
		b.rows[row] = make(map[string][]float64)
		if !slices.Contains(b.Names, row.Name) {
			b.Names = append(b.Names, row.Name)
		}
		if at, found := slices.BinarySearch(b.Procs, row.Procs); !found {
			b.Procs = slices.Insert(b.Procs, at, row.Procs)
		}
	}
	return b.rows[row]
}

// Median returns the middle value of a row in a unit, and whether there is any.
func (b *Build) Median(row Row, unit string) (float64, bool) { return median(b.rows[row][unit]) }

// Most returns the largest median of a benchmark at any number of processors, and whether there is any.
func (b *Build) Most(name, unit string) (most float64, ok bool) {
	for _, procs := range b.Procs {
		if value, there := b.Median(Row{name, procs}, unit); there {
			most, ok = max(most, value), true
		}
	}
	return most, ok
}

// Rounds returns how often each row was measured, at the least.
func (b *Build) Rounds() (fewest int) {
	for _, values := range b.rows {
		if n := len(values[Time]); fewest == 0 || n < fewest {
			fewest = n
		}
	}
	return fewest
}

// Has reports whether a build has measured a benchmark.
func (b *Build) Has(name string) bool { return slices.Contains(b.Names, name) }

// Change returns how a row has changed: the median of the ratios of its rounds, each to the round of the base that ran
// beside it. What slows the machine down for a while slows both of a pair.
func (r *Results) Change(row Row, unit string) (float64, bool) {
	today, base := r.Today.rows[row][unit], r.Base.rows[row][unit]
	var ratios []float64
	for i := range min(len(today), len(base)) {
		if base[i] > 0 {
			ratios = append(ratios, today[i]/base[i])
		}
	}
	return median(ratios)
}

func median(values []float64) (float64, bool) {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0, false
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, true
}
