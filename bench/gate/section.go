package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/template"
	"time"
)

// figures are what was measured: the time of each turn, and sizes, by the name of who took them.
type figures struct {
	extent extent
	times  map[string][]time.Duration
	sizes  map[string]int64
	absent map[string]error // who could not be measured, and why
}

func (f *figures) add(name string, d time.Duration) {
	if f.times == nil {
		f.times = make(map[string][]time.Duration)
	}
	f.times[name] = append(f.times[name], d)
}

func (f *figures) size(name string, bytes int64) {
	if f.sizes == nil {
		f.sizes = make(map[string]int64)
	}
	f.sizes[name] = bytes
}

func (f *figures) leaveOut(name string, why error) {
	if f.absent == nil {
		f.absent = make(map[string]error)
	}
	f.absent[name] = why
}

// A line is one row of the table.
type line struct{ Work, Bare, Kept, Gate, Ratio, KeptRatio, Goal, Verdict string }

// goals are what the gate has to hold, as parts of what a bare proxy takes.
var goals = []struct {
	work, bare, kept, gate string
	most                   float64
}{
	{"page, nobody signed in", "bare", "kept", "anonymous", 0.9},
	{"page, signed in, SQLite", "bare", "kept", "sqlite", 1},
	{"page, signed in, Redis with the cache", "bare", "kept", "redis", 0.85},
	{"check by the session API, SQLite", "answers", "", "check sqlite", 1.5},
	{"check by the session API, Redis with the cache", "answers", "", "check redis", 1.5},
	{"forward-auth, nobody signed in", "yes", "", "auth anonymous", 1.3},
	{"forward-auth, signed in, SQLite", "yes", "", "auth sqlite", 1.3},
	{"forward-auth, signed in, Redis with the cache", "yes", "", "auth redis", 1.3},
	{"large body down", "bare down", "", "gate down", 1.03},
	{"large body up", "bare up", "", "gate up", 1.03},
	{"memory beyond that of a start, large bodies", "bare bodies", "", "gate bodies", 1.03},
	{"memory, idle WebSockets", "bare sockets", "", "gate sockets", 1.2},
}

// lines are the rows of what was measured.
func (f *figures) lines() (all []line) {
	for _, g := range goals {
		l := line{Work: g.work, Goal: fmt.Sprintf("≤ %g ×", g.most), Verdict: "ok"}
		var ratio float64
		if times, ok := f.times[g.gate]; ok {
			ratio = median(ratios(times, f.times[g.bare]))
			l.Bare, l.Gate = duration(median(f.times[g.bare])), duration(median(times))
			if kept, ok := f.times[g.kept]; ok {
				l.Kept, l.KeptRatio = duration(median(kept)), multiple(median(ratios(times, kept)))
			}
		} else if size, ok := f.sizes[g.gate]; ok {
			ratio = float64(size) / float64(f.sizes[g.bare])
			l.Bare, l.Gate = megabytes(f.sizes[g.bare]), megabytes(size)
		} else {
			continue
		}
		l.Ratio = multiple(ratio)
		if ratio > g.most {
			l.Verdict = "too much"
		}
		all = append(all, l)
	}
	return all
}

// A peerLine is one row of the table of peers, where the ratio is the peer's to ours.
type peerLine struct{ Work, Name, Peer, Gate, Ratio, Goal, Verdict string }

// margins are what peers take at least, as multiples of what the gate takes.
var margins = []struct {
	work, peer, gate string
	of               string // whose time counts, behind the name; the process's own is nothing
	least            float64
}{
	{"forward-auth, signed in, Redis", oauth2Proxy, "auth redis", "", 8},
	{"the same, with the time of each one's Redis", oauth2Proxy, "auth redis", andStore, 8},
}

// peerLines are the rows of peers. One that could not be measured says so.
func (f *figures) peerLines() (all []peerLine) {
	for _, m := range margins {
		l := peerLine{Work: m.work, Name: m.peer, Goal: fmt.Sprintf("≥ %g ×", m.least), Verdict: "ok"}
		theirs, ours := f.times[m.peer+m.of], f.times[m.gate+m.of]
		if err := f.absent[m.peer]; err != nil {
			l.Verdict = strings.ReplaceAll(err.Error(), "|", `\|`)
		} else if theirs != nil && ours != nil {
			ratio := median(ratios(theirs, ours))
			l.Peer, l.Gate, l.Ratio = duration(median(theirs)), duration(median(ours)), multiple(ratio)
			if ratio < m.least {
				l.Verdict = "too little"
			}
		} else {
			continue
		}
		all = append(all, l)
	}
	return all
}

func ratios(ours, bare []time.Duration) (all []float64) {
	for i := range ours {
		all = append(all, float64(ours[i])/float64(bare[i]))
	}
	return all
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func duration(d time.Duration) string {
	if d >= 10*time.Millisecond {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

func multiple(x float64) string { return fmt.Sprintf("%.2f ×", x) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

//go:embed section.md
var text string

var section = template.Must(template.New("").Parse(text))

func render(out io.Writer, f *figures) error {
	return section.Execute(out, struct {
		System, Go       string
		Cores            int
		Rounds, Requests int
		Connections      int
		Sockets          int
		Megabytes        int64
		Lines            []line
		Peers            []peerLine
	}{
		runtime.GOOS + "/" + runtime.GOARCH, runtime.Version(), runtime.NumCPU(), f.extent.rounds, f.extent.requests,
		connections, f.extent.sockets, f.extent.megabytes, f.lines(), f.peerLines(),
	})
}

// The section stands between these lines of the document.
var begin, end = []byte("<!-- gate -->\n"), []byte("<!-- end of gate -->\n")

var errNoSection = errors.New("the document has no section for the gate")

// replace puts the section into the document.
func replace(path string, section []byte) error {
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(document, begin)
	_, after, closed := bytes.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s: %w: it begins with %s", path, errNoSection, strings.TrimSpace(string(begin)))
	}
	return os.WriteFile(path, slices.Concat(before, begin, section, end, after), 0o644)
}
