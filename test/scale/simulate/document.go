package main

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"coatcheck.dev/test/scale/figures"
)

//go:embed document.md
var document string

// A Document is what the text is made with.
type Document struct {
	*figures.Figures
	Plans   []Plan
	Herd    Herd
	Regions map[string][]Region
	Habits  habits
	Parts   []float64 // of all sessions that a cache had room for
}

type habits struct {
	Visits, Requests, SignIns, SignOuts, Writes, Peak, PerNode, Skew string
}

// render writes the document. It is made of the figures alone, so the same ones make the same.
func render(out io.Writer, f *figures.Figures) error {
	d := Document{Figures: f, Regions: make(map[string][]Region)}
	for _, sessions := range []float64{1e6, 1e7, 1e8, 1e9} {
		d.Plans = append(d.Plans, plan(f, sessions))
	}
	d.Herd = herd(f, 1e7)
	for _, name := range []string{"redis", "postgresql"} {
		d.Regions[name] = regions(f.Engine(name), d.Plans[1].Sticky)
	}
	for _, k := range f.Near {
		if !slices.Contains(d.Parts, k.Part) {
			d.Parts = append(d.Parts, k.Part)
		}
	}
	d.Habits = habits{
		Visits: number(visitsPerDay), Requests: number(requestsAVisit), SignIns: number(signInsPerDay),
		SignOuts: percent(signOuts), Writes: percent(writes),
		Peak: number(peak), PerNode: number(perNode), Skew: number(skew),
	}
	t, err := template.New("document").Funcs(template.FuncMap{
		"n": number, "time": took, "ms": millis, "percent": percent, "bytes": size, "of": of, "ratio": ratio,
		"request": request, "kinds": kinds, "ticket": ticket, "gb": gigabytes,
		"per":   func(a, b float64) float64 { return a / b },
		"times": func(a, b float64) float64 { return a * b }, "int": func(n int) float64 { return float64(n) },
		"kept": d.kept, "verdict": verdict,
	}).Parse(document)
	if err != nil {
		return fmt.Errorf("read document.md: %w", err)
	}
	if err := t.Execute(out, d); err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	return nil
}

// number writes a number with three digits that count, and with commas.
func number(x float64) string {
	if x != 0 {
		digits := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(x))))
		x = math.Round(x*digits) / digits
	}
	whole, part, found := strings.Cut(strconv.FormatFloat(x, 'f', -1, 64), ".")
	var groups []string
	for len(whole) > 3 {
		groups = append([]string{whole[len(whole)-3:]}, groups...)
		whole = whole[:len(whole)-3]
	}
	text := strings.Join(append([]string{whole}, groups...), ",")
	if found {
		text += "." + part
	}
	return text
}

// took writes a time that is in microseconds.
func took(us float64) string {
	switch {
	case us >= 1e6:
		return number(us/1e6) + " s"
	case us >= 1e3:
		return number(us/1e3) + " ms"
	}
	return number(us) + " µs"
}

func millis(ms float64) string { return took(1000 * ms) }

func percent(x float64) string { return strconv.Itoa(int(math.Round(100*x))) + " %" }

// size writes bytes, and nothing for none.
func size(x float64) string {
	if x == 0 {
		return ""
	}
	return number(math.Round(x))
}

func gigabytes(gb float64) string {
	if gb >= 1000 {
		return number(gb/1000) + " TB"
	}
	return number(gb) + " GB"
}

func of(f *figures.Figures, name string) *figures.Engine { return f.Engine(name) }

func ratio(a, b float64) string { return strconv.FormatFloat(a/b, 'f', 2, 64) }

// request writes what a kind of request takes on an engine.
func request(e figures.Engine, kind string) string {
	r := e.Request(kind)
	text := took(r.Median)
	if r.Trips > 0 {
		text += " · " + strconv.FormatFloat(math.Round(r.Trips*100)/100, 'f', -1, 64)
	}
	if r.Commands > 0 {
		text += " (" + strconv.FormatFloat(math.Round(r.Commands*10)/10, 'f', -1, 64) + ")"
	}
	return text
}

func kinds(f *figures.Figures) (all []string) {
	for _, r := range f.Engines[0].Requests {
		all = append(all, r.Kind)
	}
	return all
}

// ticket is how often a store is asked, that takes so many microseconds, for a ticket that comes 10,000 times a second.
func ticket(us float64, kept bool) string {
	switch n := loadsOf(10_000, time.Duration(us*float64(time.Microsecond)), kept); n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return number(float64(n)) + " times"
	}
}

func (d *Document) kept(skew, part float64) (string, error) {
	for _, k := range d.Near {
		if k.Skew == skew && k.Part == part {
			return percent(k.Ratio), nil
		}
	}
	return "", fmt.Errorf("a cache for %v of all at a skew of %v was not measured", part, skew)
}

// verdict says how a sweep stands to its goal.
func verdict(s figures.Sweep) string {
	const goal = 20_000 // microseconds
	switch {
	case s.Longest <= goal:
		return "reached"
	case s.Calm > goal:
		return "not to be told"
	}
	return "missed"
}
