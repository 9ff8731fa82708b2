package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/template"
)

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

var document = template.Must(template.New("").Parse(`# Performance

Made by ` + "`make bench`" + `, which runs each benchmark several times and renders this page; do not edit it. What is compared, and how it is
kept fair, says the documentation of package bench. The ratios count: the times alone are those of the machine.

Machine: {{.CPU}}, {{.Cores}} cores, {{.Go}}, {{.System}}. Medians of {{.Runs}} runs.

Compared with {{range $i, $p := .Peers}}{{if $i}}, {{end}}{{$p.Path}} {{$p.Version}}{{end}}, and net/http.

## Goals

| work | goal | measured | |
|---|---|---:|---|
{{range .Goals}}| {{.Work}} | {{.Wants}} | {{.Got}} | {{.Verdict}} |
{{end}}
## Figures

*Ratio* is the time against that of coatcheck at the same work: over 1 is slower than coatcheck.
{{range .Works}}
### {{.Name}}

| who | time | ratio | allocations | bytes allocated |{{if .Room}} bytes per session |{{end}}
|---|---:|---:|---:|---:|{{if .Room}}---:|{{end}}
{{$room := .Room}}{{range .Rows}}| {{.Who}} | {{.Time}} | {{.Ratio}} | {{.Allocs}} | {{.Bytes}} |{{if $room}} {{.Room}} |{{end}}
{{end}}{{end}}`))

type page struct {
	CPU, Go, System string
	Cores, Runs     int
	Peers           []peer
	Goals           []verdict
	Works           []work
}

type verdict struct{ Work, Wants, Got, Verdict string }

// A work is one benchmark with everybody who does it.
type work struct {
	Name string
	Room bool // whether memory is reported
	Rows []row
}

type row struct{ Who, Time, Ratio, Allocs, Bytes, Room string }

func render(out io.Writer, r *results, peers []peer) error {
	return document.Execute(out, page{
		CPU: r.cpu, Cores: r.cores, Runs: r.runs, Peers: peers,
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Goals: verdicts(r), Works: works(r),
	})
}

func verdicts(r *results) []verdict {
	var all []verdict
	for _, g := range goals {
		got, met, ok := g.measure(r)
		v := verdict{g.work, g.wants, number(got) + g.unit, "ok"}
		switch {
		case !ok:
			v.Got, v.Verdict = "", "not measured"
		case !met && g.unit == " "+allocs:
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

func works(r *results) []work {
	var all []work
	for _, name := range r.names {
		title, who, _ := strings.Cut(name, "/")
		if len(all) == 0 || all[len(all)-1].Name != title {
			all = append(all, work{Name: title})
		}
		w := &all[len(all)-1]
		row := row{Who: who, Ratio: r.ratioToUs(title, who)}
		row.Time, row.Allocs, row.Bytes = r.text(name, ns), r.text(name, allocs), r.text(name, "B/op")
		if row.Room = r.text(name, room); row.Room != "" {
			w.Room = true
		}
		w.Rows = append(w.Rows, row)
	}
	return all
}

// ratioToUs compares with coatcheck at the same load: scs/64 with coatcheck/64, hosts=10/nethttp with hosts=10/coatcheck.
func (r *results) ratioToUs(title, who string) string {
	parts := strings.Split(who, "/")
	for i, part := range parts {
		parts[i] = "coatcheck"
		if ratio, ok := r.ratio(title+"/"+who, title+"/"+strings.Join(parts, "/"), ns); ok && part != "coatcheck" {
			return number(ratio)
		}
		parts[i] = part
	}
	return ""
}

func (r *results) text(name, unit string) string {
	value, ok := r.median(name, unit)
	switch {
	case !ok:
		return ""
	case unit == ns:
		return duration(value)
	}
	return number(value)
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
