package main

import "coatcheck.dev/bench/results"

// changes are what has become of the rows of an earlier commit.
type changes struct {
	Commit  string
	Rows    []change
	New     []string // names that only today's build has
	Missing []string // names that only the earlier one has
}

// A change is that of one benchmark, as ratios of today to then: below 1 is faster, or less.
type change struct {
	Name          string
	At            []string // by number of processors
	Allocs, Bytes string
}

// since compares today's build with the one that ran beside it, and returns nil if there was none.
func since(r *results.Results) *changes {
	if r.Base.Commit == "" {
		return nil
	}
	all := &changes{Commit: r.Base.Commit}
	for _, name := range r.Today.Names {
		if !r.Base.Has(name) {
			all.New = append(all.New, name)
			continue
		}
		c := change{Name: name, Allocs: fromTo(r, name, results.Allocs), Bytes: fromTo(r, name, results.Bytes)}
		for _, procs := range r.Today.Procs {
			c.At = append(c.At, timeChange(r, results.Row{Name: name, Procs: procs}))
		}
		all.Rows = append(all.Rows, c)
	}
	for _, name := range r.Base.Names {
		if !r.Today.Has(name) {
			all.Missing = append(all.Missing, name)
		}
	}
	return all
}

func timeChange(r *results.Results, row results.Row) string {
	ratio, ok := r.Change(row, results.Time)
	if !ok {
		return ""
	}
	then, _ := r.Base.Median(row, results.Time)
	now, _ := r.Today.Median(row, results.Time)
	return "**" + number(ratio) + "** · " + duration(then) + " → " + duration(now)
}

func fromTo(r *results.Results, name, unit string) string {
	then, now := most(&r.Base, name, unit), most(&r.Today, name, unit)
	if then == now {
		return now
	}
	return then + " → " + now
}
