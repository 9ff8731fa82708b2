package main

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

// results are the medians of what go test -bench has printed.
type results struct {
	names []string                        // of benchmarks, without "Benchmark" and in the order of the runs
	units map[string]map[string][]float64 // by name and unit, one value a run
	cpu   string
	cores int
	runs  int // the fewest of any benchmark
}

var (
	errFailed = errors.New("the benchmarks failed")
	errEmpty  = errors.New("no benchmarks in the input")
	nameForm  = regexp.MustCompile(`^Benchmark(\S+?)(?:-(\d+))?$`)
)

// parse reads the format of Go benchmarks (golang.org/design/14313-benchmark-format). A run that has failed is an error: its
// numbers are not those of the work.
func parse(in io.Reader) (*results, error) {
	r := &results{units: map[string]map[string][]float64{}, cores: 1}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if cpu, ok := strings.CutPrefix(line, "cpu: "); ok {
			r.cpu = cpu
		}
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			return nil, fmt.Errorf("%w: %s", errFailed, line)
		}
		if err := r.add(strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("read %q: %w", line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	if len(r.names) == 0 {
		return nil, errEmpty
	}
	for _, units := range r.units {
		if n := len(units["ns/op"]); r.runs == 0 || n < r.runs {
			r.runs = n
		}
	}
	return r, nil
}

// add takes over the fields of one line: name, iterations, and then pairs of value and unit.
func (r *results) add(fields []string) error {
	if len(fields) < 4 {
		return nil
	}
	match := nameForm.FindStringSubmatch(fields[0])
	if match == nil {
		return nil
	}
	name := match[1]
	if match[2] != "" {
		cores, err := strconv.Atoi(match[2])
		if err != nil {
			return err
		}
		r.cores = cores
	}
	if r.units[name] == nil {
		r.names = append(r.names, name)
		r.units[name] = map[string][]float64{}
	}
	for pair := range slices.Chunk(fields[2:], 2) {
		if len(pair) < 2 {
			return errors.New("a value without a unit")
		}
		value, err := strconv.ParseFloat(pair[0], 64)
		if err != nil {
			return err
		}
		r.units[name][pair[1]] = append(r.units[name][pair[1]], value)
	}
	return nil
}

// median returns the middle value of a benchmark in a unit, and whether there is any.
func (r *results) median(name, unit string) (float64, bool) {
	values := slices.Sorted(slices.Values(r.units[name][unit]))
	n := len(values)
	if n == 0 {
		return 0, false
	}
	return (values[(n-1)/2] + values[n/2]) / 2, true
}
