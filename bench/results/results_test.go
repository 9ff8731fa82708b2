package results_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/bench/results"
)

const sample = `goos: linux
cpu: Some Processor
BenchmarkRead/near   	 100	 300 ns/op	 368 B/op	 2 allocs/op
BenchmarkRead/near-2 	 100	 100 ns/op	 368 B/op	 2 allocs/op
BenchmarkSet-2       	 100	  10 ns/op
PASS
ok  	coatcheck.dev/bench	47.493s
`

func parse(t *testing.T, text string) *results.Results {
	t.Helper()
	r, err := results.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRowsAreBenchmarksAtNumbersOfProcessors(t *testing.T) {
	r := parse(t, sample)
	if r.CPU != "Some Processor" || r.Base.Commit != "" {
		t.Errorf("CPU %q, base %q", r.CPU, r.Base.Commit)
	}
	b := r.Today
	if want := []string{"Read/near", "Set"}; !slices.Equal(b.Names, want) {
		t.Errorf("got %q, want %q", b.Names, want)
	}
	if want := []int{1, 2}; !slices.Equal(b.Procs, want) {
		t.Errorf("got %v, want %v", b.Procs, want)
	}
	if got, ok := b.Median(results.Row{Name: "Read/near", Procs: 2}, results.Time); got != 100 || !ok {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := b.Most("Read/near", results.Time); got != 300 || !ok {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := b.Median(results.Row{Name: "Set", Procs: 1}, results.Time); ok {
		t.Errorf("got %v for a row that was not measured", got)
	}
}

func TestMedianOfAnEvenNumberIsBetweenTheTwo(t *testing.T) {
	b := parse(t, "BenchmarkX 1 10 ns/op\nBenchmarkX 1 30 ns/op\n").Today
	if got, ok := b.Median(results.Row{Name: "X", Procs: 1}, results.Time); got != 20 || !ok || b.Rounds() != 2 {
		t.Errorf("got %v, %v of %d rounds", got, ok, b.Rounds())
	}
}

// The middle of the ratios of pairs is not the ratio of the middles: here that would be 1.
func TestChangeIsTheMedianOfPairs(t *testing.T) {
	r := parse(t, `commit: 
BenchmarkX 1 100 ns/op
commit: abc
BenchmarkX 1 200 ns/op
commit: 
BenchmarkX 1 200 ns/op
commit: abc
BenchmarkX 1 400 ns/op
commit: 
BenchmarkX 1 900 ns/op
commit: abc
BenchmarkX 1 100 ns/op
`)
	if r.Base.Commit != "abc" || len(r.Today.Names) != 1 || len(r.Base.Names) != 1 {
		t.Fatalf("got %+v", r)
	}
	if got, ok := r.Change(results.Row{Name: "X", Procs: 1}, results.Time); got != 0.5 || !ok {
		t.Errorf("got %v, %v, want 0.5", got, ok)
	}
	if got, ok := r.Change(results.Row{Name: "Y", Procs: 1}, results.Time); ok {
		t.Errorf("got %v for a row that nobody has measured", got)
	}
}

func TestInputThatIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		in     string
		failed bool
	}{
		"nothing":          {"PASS\n", false},
		"a failed run":     {sample + "FAIL\tcoatcheck.dev/bench\n", true},
		"a failed one":     {"--- FAIL: BenchmarkSessionRead\n" + sample, true},
		"a cut off line":   {"BenchmarkX-2 100 12\nBenchmarkY-2 100 12 ns/op 3\n", false},
		"not even numbers": {"BenchmarkX-2 100 twelve ns/op\n", false},
		"the base alone":   {"commit: abc\nBenchmarkX 1 10 ns/op\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := results.Parse(strings.NewReader(c.in))
			if err == nil || errors.Is(err, results.ErrFailed) != c.failed {
				t.Errorf("got %v, %v", r, err)
			}
		})
	}
}
