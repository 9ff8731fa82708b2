package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"coatcheck.dev/bench/results"
)

func TestRenamedRows(t *testing.T) {
	old, err := parseNames("Near/one=RedisNear/1,Set=JarSet")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"BenchmarkSet/coatcheck-2 \t 1\t 5 ns/op": "BenchmarkJarSet/coatcheck-2\t 1\t 5 ns/op",
		"BenchmarkSet   \t 1\t 5 ns/op":           "BenchmarkJarSet\t 1\t 5 ns/op",
		"BenchmarkNear/one-2\t 1\t 5 ns/op":       "BenchmarkRedisNear/1-2\t 1\t 5 ns/op",
		"BenchmarkNear/two\t 1\t 5 ns/op":         "BenchmarkNear/two\t 1\t 5 ns/op",
		"BenchmarkSetCookie-2\t 1\t 5 ns/op":      "BenchmarkSetCookie-2\t 1\t 5 ns/op",
		"BenchmarkSet-near\t 1\t 5 ns/op":         "BenchmarkSet-near\t 1\t 5 ns/op",
		"cpu: Set":                                "cpu: Set",
	} {
		if got := old.line(line); got != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
	if all, err := parseNames(""); len(all) != 0 || err != nil {
		t.Errorf("nothing renamed: got %v, %v", all, err)
	}
	if _, err := parseNames("Set"); err == nil {
		t.Error("a name without its new one is an error")
	}
}

// binary writes a program that answers as a binary of benchmarks does.
func binary(t *testing.T, benchmarks, output string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bench.test")
	script := "#!/bin/sh\ncase \"$*\" in\n*-test.list*) printf '" + benchmarks + "' ;;\n*) " + output + " ;;\nesac\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBuildsRunInTurn(t *testing.T) {
	today := &build{path: binary(t, `TestX\nBenchmarkA\nBenchmarkB\n`, `echo "$2"`)}
	base := &build{commit: "abc", path: binary(t, `BenchmarkC\nBenchmarkOld\n`, `echo "$2"`), old: names{{"Old", "A"}}}
	p := plan{rounds: 2}
	functions, err := listAll(t.Context(), []*build{today, base}, ".")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.runAll(t.Context(), &out, []*build{today, base}, functions, "sub"); err != nil {
		t.Fatal(err)
	}
	want := ""
	for range 2 {
		want += "commit: \n-test.bench=^BenchmarkA$/sub\ncommit: abc\n-test.bench=^BenchmarkOld$/sub\n"
	}
	for range 2 {
		want += "commit: \n-test.bench=^BenchmarkB$/sub\n"
	}
	for range 2 {
		want += "commit: abc\n-test.bench=^BenchmarkC$/sub\n"
	}
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestFailedBenchmarkEndsTheRun(t *testing.T) {
	today := &build{path: binary(t, `BenchmarkA\n`, `exit 1`)}
	functions, err := listAll(t.Context(), []*build{today}, ".")
	if err != nil {
		t.Fatal(err)
	}
	p := plan{rounds: 1}
	err = p.runAll(t.Context(), new(bytes.Buffer), []*build{today}, functions, "")
	if !errors.Is(err, results.ErrFailed) {
		t.Errorf("got %v, want %v", err, results.ErrFailed)
	}
}
