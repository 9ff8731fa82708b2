package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSection(t *testing.T) {
	f := &figures{extent: extent{rounds: 2, requests: 10, sockets: 8000}}
	for name, turns := range map[string][]time.Duration{
		"bare": {100, 200}, "kept": {80, 160}, "anonymous": {50, 100}, "sqlite": {120, 300},
	} {
		for _, turn := range turns {
			f.add(name, turn*time.Microsecond)
		}
	}
	f.size("bare sockets", 100e6)
	f.size("gate sockets", 119e6)
	var out strings.Builder
	if err := render(&out, f); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| page, nobody signed in | 150.0 µs | 120.0 µs | 75.0 µs | 0.50 × | ≤ 0.9 × | ok | 0.62 × |\n",
		"| page, signed in, SQLite | 150.0 µs | 120.0 µs | 210.0 µs | 1.35 × | ≤ 1 × | too much | 1.69 × |\n",
		"| memory, idle WebSockets | 100.0 MB |  | 119.0 MB | 1.19 × | ≤ 1.2 × | ok |  |\n",
		" 8000 WebSockets, ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the section lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "Redis") {
		t.Errorf("a row that was not measured is there:\n%s", out.String())
	}
}

// A peer's ratio is the peer's to ours. One that could not be measured is named, with the reason.
func TestPeers(t *testing.T) {
	for verdict, theirs := range map[string]time.Duration{"ok": 800, "too little": 799} {
		f := &figures{}
		f.add("auth redis", 100*time.Microsecond)
		f.add(oauth2Proxy, theirs*time.Microsecond)
		l := f.peerLines()
		if len(l) != 1 || l[0].Verdict != verdict || l[0].Name != oauth2Proxy || l[0].Gate != "100.0 µs" {
			t.Errorf("%+v, want %s", l, verdict)
		}
	}
	f := &figures{}
	f.leaveOut(oauth2Proxy, fmt.Errorf("%w: no | proxy", errNotHere))
	var out strings.Builder
	if err := render(&out, f); err != nil {
		t.Fatal(err)
	}
	want := "| " + oauth2Proxy + ` |  |  |  | ≥ 8 × | not measured: no \| proxy |`
	if !strings.Contains(out.String(), want) {
		t.Errorf("the section lacks %q:\n%s", want, out.String())
	}
}

func TestAPeerThatCannotBeHadIsNamed(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	p := &extent{folder: t.TempDir()}
	err := p.install(t.Context(), "coatcheck.example/peer@v1.2.3")
	if !errors.Is(err, errNotHere) || !strings.Contains(err.Error(), "coatcheck.example/peer@v1.2.3") {
		t.Error(err)
	}
}

func TestTheSectionIsReplacedAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "performance.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n<!-- gate -->\nold\n<!-- end of gate -->\nafter\n")
	for range 2 {
		if err := replace(path, []byte("new\n")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if want := "before\n<!-- gate -->\nnew\n<!-- end of gate -->\nafter\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	write("no place for it\n")
	if err := replace(path, nil); !errors.Is(err, errNoSection) {
		t.Errorf("got %v; want %v", err, errNoSection)
	}
}
