package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/template"

	"coatcheck.dev/bench/results"
)

//go:embed document.md
var text string

var document = template.Must(template.New("").Funcs(template.FuncMap{
	"processors": processors, "join": strings.Join,
}).Parse(text))

// A peer is a library that is compared with.
type peer struct{ Path, Version string }

// peersOf returns what go.mod requires directly, without Coatcheck itself.
func peersOf(mod []byte) ([]peer, error) {
	var file struct {
		Require []struct {
			peer
			Indirect bool
		}
	}
	if err := json.Unmarshal(mod, &file); err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	var peers []peer
	for _, r := range file.Require {
		if !r.Indirect && !strings.HasPrefix(r.Path, "coatcheck.dev") {
			peers = append(peers, r.peer)
		}
	}
	return peers, nil
}

type page struct {
	CPU, Go, System string
	Cores, Rounds   int
	Procs           []int
	Peers           []peer
	Goals           []verdict
	Works           []work
	Since           *changes // nil if there was no earlier build
}

type verdict struct{ Work, Wants, Got, Verdict string }

// A work is one benchmark with everybody who does it.
type work struct {
	Name string
	Room bool // whether memory is reported
	Rows []row
}

type row struct {
	Who                 string
	At                  []timing // by number of processors
	Allocs, Bytes, Room string
}

type timing struct{ Time, Ratio string }

func render(out io.Writer, r *results.Results, peers []peer, part bool) error {
	b := &r.Today
	return document.Execute(out, page{
		CPU: r.CPU, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(),
		Rounds: b.Rounds(), Procs: b.Procs, Peers: peers, Goals: verdicts(b, part), Works: works(b), Since: since(r),
	})
}

func verdicts(b *results.Build, part bool) []verdict {
	var all []verdict
	for _, g := range goals {
		got, met, ok := g.judge(b)
		v := verdict{g.work, g.wants, got, "ok"}
		switch {
		case !ok && part:
			continue
		case !ok:
			v.Got, v.Verdict = "", "not measured"
		case !met && g.unit == " "+results.Allocs:
			v.Verdict = "too many"
		case !met && strings.Contains(g.wants, room):
			v.Verdict = "too large"
		case !met:
			v.Verdict = "too slow"
		}
		all = append(all, v)
	}
	return all
}

// judge measures a goal at each number of processors. It is met if it is met at all of them.
func (g goal) judge(b *results.Build) (got string, met, ok bool) {
	met = true
	var each []string
	for _, procs := range b.Procs {
		value, here, measured := g.measure(b, procs)
		if !measured {
			return "", false, false
		}
		met = met && here
		if text := number(value); !slices.Contains(each, text) {
			each = append(each, text)
		}
	}
	return strings.Join(each, ", ") + g.unit, met, len(each) > 0
}

func works(b *results.Build) []work {
	var all []work
	for _, name := range b.Names {
		title, who, _ := strings.Cut(name, "/")
		at := slices.IndexFunc(all, func(w work) bool { return w.Name == title })
		if at < 0 {
			at = len(all)
			all = append(all, work{Name: title})
		}
		row := row{
			Who: who, Allocs: most(b, name, results.Allocs), Bytes: most(b, name, results.Bytes),
			Room: most(b, name, room),
		}
		for _, procs := range b.Procs {
			value, _ := b.Median(results.Row{Name: name, Procs: procs}, results.Time)
			row.At = append(row.At, timing{duration(value), ratioToUs(b, title, who, procs)})
		}
		all[at].Room = all[at].Room || row.Room != ""
		all[at].Rows = append(all[at].Rows, row)
	}
	return all
}

// ratioToUs compares with coatcheck at the same load: scs/64 with coatcheck/64, hosts=10/nethttp with
// hosts=10/coatcheck.
func ratioToUs(b *results.Build, title, who string, procs int) string {
	parts := strings.Split(who, "/")
	for i, part := range parts {
		parts[i] = "coatcheck"
		us := title + "/" + strings.Join(parts, "/")
		if ratio, ok := ratio(b, title+"/"+who, us, procs, results.Time); ok && part != "coatcheck" {
			return number(ratio)
		}
		parts[i] = part
	}
	return ""
}

func most(b *results.Build, name, unit string) string {
	if value, ok := b.Most(name, unit); ok {
		return number(value)
	}
	return ""
}

func processors(n int) string {
	if n == 1 {
		return "1 processor"
	}
	return fmt.Sprintf("%d processors", n)
}

func duration(ns float64) string {
	switch {
	case ns >= 1e6:
		return number(ns/1e6) + " ms"
	case ns >= 1e3:
		return number(ns/1e3) + " µs"
	}
	return number(ns) + " ns"
}

// number keeps three digits that mean something.
func number(x float64) string {
	switch {
	case x == float64(int64(x)) || x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
