package main

import (
	"errors"
	"strings"
	"testing"
)

const sample = `goos: linux
cpu: Some Processor
BenchmarkSessionRead/limit-2         	 4191547	       300 ns/op	     368 B/op	       2 allocs/op
BenchmarkSessionRead/coatcheck-2     	 1298682	       500 ns/op	     992 B/op	       5 allocs/op
BenchmarkSessionRead/limit-2         	 4191547	       100 ns/op	     368 B/op	       2 allocs/op
BenchmarkSessionRead/coatcheck-2     	 1298682	       700 ns/op	     992 B/op	       7 allocs/op
BenchmarkSessionRead/limit-2         	 4191547	       200 ns/op	     368 B/op	       2 allocs/op
BenchmarkSessionRead/coatcheck-2     	 1298682	       400 ns/op	     992 B/op	       6 allocs/op
BenchmarkSessionRead/scs-idle-2      	   63147	     15000 ns/op	    9256 B/op	     202 allocs/op
BenchmarkSessionRead/scs-2           	   63147	      5000 ns/op	    9256 B/op	     202 allocs/op
BenchmarkMemoryPerSession/coatcheck/sessions=1000-2   	 1	 900 ns/op	 200.5 B/session	 0 B/op	 0 allocs/op
BenchmarkJarCookies/hosts=10/coatcheck-2   	 1	 100 ns/op	 0 B/op	 0 allocs/op
BenchmarkJarCookies/hosts=10/nethttp-2   	 1	 900 ns/op	 0 B/op	 0 allocs/op
BenchmarkDurableSignIn/coatcheck/64-2   	 1	 100 ns/op
BenchmarkDurableSignIn/scs/64-2   	 1	 450 ns/op
PASS
ok  	coatcheck.dev/bench	47.493s
`

func TestTable(t *testing.T) {
	r, err := parse(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := render(&out, r, []peer{{"example.org/peer", "v1.2.3"}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Machine: Some Processor, 2 cores, go",
		"Medians of 1 runs.",
		"Compared with example.org/peer v1.2.3, and net/http.",
		"| SessionRead/coatcheck | ≤ 2.0 × ns/op of SessionRead/limit | 2.50 × | too slow |",
		"| SessionRead/coatcheck | ≥ 25 × faster than SessionRead/scs | 10 × faster | too slow |",
		"| SessionRead/coatcheck | ≤ 5 allocs/op | 6 allocs/op | too many |",
		"| SessionWrite/coatcheck | ≥ 8 × faster than SessionWrite/scs |  | not measured |",
		"| limit | 200 ns | 0.40 | 2 | 368 |\n",
		"| coatcheck | 500 ns |  | 6 | 992 |\n",
		"| scs-idle | 15 µs | 30 | 202 | 9256 |\n",
		"| who | time | ratio | allocations | bytes allocated | bytes per session |\n|---|---:|---:|---:|---:|---:|\n",
		"| hosts=10/coatcheck | 100 ns |  | 0 | 0 |\n",
		"| hosts=10/nethttp | 900 ns | 9 | 0 | 0 |\n",
		"| scs/64 | 450 ns | 4.50 |  |  |\n",
		"| coatcheck/sessions=1000 | 900 ns |  | 0 | 0 | 200 |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the document lacks %q:\n%s", want, out.String())
		}
	}
}

func TestInputThatIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"nothing":          {"PASS\n", errEmpty},
		"a failed run":     {sample + "FAIL\tcoatcheck.dev/bench\n", errFailed},
		"a failed one":     {"--- FAIL: BenchmarkSessionRead\n" + sample, errFailed},
		"a cut off line":   {"BenchmarkX-2 100 12\nBenchmarkY-2 100 12 ns/op 3\n", nil},
		"not even numbers": {"BenchmarkX-2 100 twelve ns/op\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := parse(strings.NewReader(c.in))
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, %v, want error %v", r, err, c.want)
			}
		})
	}
}

func TestMedianOfAnEvenNumberIsBetweenTheTwo(t *testing.T) {
	r, err := parse(strings.NewReader("BenchmarkX 1 10 ns/op\nBenchmarkX 1 30 ns/op\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := r.median("X", ns); got != 20 || !ok || r.cores != 1 || r.runs != 2 {
		t.Errorf("got %v %v with %d cores and %d runs", got, ok, r.cores, r.runs)
	}
}

func TestPeers(t *testing.T) {
	peers, err := peersOf([]byte(`{"Require": [{"Path": "coatcheck.dev", "Version": "v0.0.0"},
		{"Path": "example.org/direct", "Version": "v1.0.0"}, {"Path": "example.org/far", "Version": "v2.0.0", "Indirect": true}]}`))
	if err != nil || len(peers) != 1 || peers[0] != (peer{"example.org/direct", "v1.0.0"}) {
		t.Errorf("got %v, %v", peers, err)
	}
	if _, err := peersOf([]byte("module x")); err == nil {
		t.Error("text that is no JSON is an error")
	}
}
