package main

import (
	"strings"
	"testing"

	"coatcheck.dev/bench/results"
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
	for _, want := range []string{
		"Machine: Some Processor, ",
		"Medians of 1 rounds, at 2 processors.",
		"Compared with example.org/peer v1.2.3, and net/http.",
		"| SessionRead/coatcheck | ≤ 1.8 × ns/op of SessionRead/limit | 2.50 × | too slow |",
		"| SessionRead/coatcheck | ≥ 30 × faster than SessionRead/scs | 10 × faster | too slow |",
		"| SessionRead/coatcheck | ≤ 5 allocs/op | 6 allocs/op | too many |",
		"| SessionWrite/coatcheck | ≥ 12 × faster than SessionWrite/scs |  | not measured |",
		"| who | 2 processors | ratio | allocations | bytes allocated |\n|---|---:|---:|---:|---:|\n",
		"| limit | 200 ns | 0.40 | 2 | 368 |\n",
		"| coatcheck | 500 ns |  | 6 | 992 |\n",
		"| scs-idle | 15 µs | 30 | 202 | 9256 |\n",
		"| who | 2 processors | ratio | allocations | bytes allocated | bytes per session |\n" +
			"|---|---:|---:|---:|---:|---:|\n",
		"| hosts=10/coatcheck | 100 ns |  | 0 | 0 |\n",
		"| hosts=10/nethttp | 900 ns | 9 | 0 | 0 |\n",
		"| scs/64 | 450 ns | 4.50 |  |  |\n",
		"| coatcheck/sessions=1000 | 900 ns |  | 0 | 0 | 200 |\n",
	} {
		if got := table(t, sample, false); !strings.Contains(got, want) {
			t.Errorf("the document lacks %q:\n%s", want, got)
		}
	}
}

func table(t *testing.T, sample string, part bool) string {
	t.Helper()
	r, err := results.Parse(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := render(&out, r, []peer{{"example.org/peer", "v1.2.3"}}, part); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEachNumberOfProcessorsCounts(t *testing.T) {
	got := table(t, `BenchmarkSessionRead/limit 1 100 ns/op
BenchmarkSessionRead/limit-2 1 100 ns/op
BenchmarkSessionRead/coatcheck 1 170 ns/op 1 allocs/op
BenchmarkSessionRead/coatcheck-2 1 190 ns/op 1 allocs/op
`, true)
	for _, want := range []string{
		"at 1 processor and at 2 processors.",
		"| SessionRead/coatcheck | ≤ 1.8 × ns/op of SessionRead/limit | 1.70, 1.90 × | too slow |",
		"| SessionRead/coatcheck | ≤ 5 allocs/op | 1 allocs/op | ok |",
		"| limit | 100 ns | 0.59 | 100 ns | 0.53 |  |  |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the document lacks %q:\n%s", want, got)
		}
	}
	for _, other := range []string{"SessionWrite", "Since", "not measured"} {
		if strings.Contains(got, other) {
			t.Errorf("the document of a part of the rows has %q:\n%s", other, got)
		}
	}
}

func TestTableSinceAnEarlierCommit(t *testing.T) {
	got := table(t, `BenchmarkSet/coatcheck 1 50 ns/op 16 B/op 1 allocs/op
BenchmarkAll/coatcheck 1 50 ns/op
commit: 46fa211
BenchmarkSet/coatcheck 1 100 ns/op 48 B/op 1 allocs/op
BenchmarkGone/coatcheck 1 50 ns/op
`, true)
	for _, want := range []string{
		"## Since 46fa211\n",
		"| Set/coatcheck | **0.50** · 100 ns → 50 ns | 1 | 48 → 16 |\n",
		"Only today: All/coatcheck.\n",
		"Only in 46fa211: Gone/coatcheck.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the document lacks %q:\n%s", want, got)
		}
	}
}

func TestPeers(t *testing.T) {
	peers, err := peersOf([]byte(`{"Require": [{"Path": "coatcheck.dev", "Version": "v0.0.0"},
		{"Path": "example.org/direct", "Version": "v1.0.0"},
		{"Path": "example.org/far", "Version": "v2.0.0", "Indirect": true}]}`))
	if err != nil || len(peers) != 1 || peers[0] != (peer{"example.org/direct", "v1.0.0"}) {
		t.Errorf("got %v, %v", peers, err)
	}
	if _, err := peersOf([]byte("module x")); err == nil {
		t.Error("text that is no JSON is an error")
	}
}
