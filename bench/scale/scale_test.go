package main

import (
	"slices"
	"testing"
	"time"

	"coatcheck.dev/bench/figures"
)

// beside is what a request may seem to take because of checkpoints that are made at the same time.
const beside = 0.1

// What needs no server is measured with few sessions; the servers go the same way.
func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		engine string
		trips  map[string]float64 // at least, and at most half more
	}{
		{"memory", map[string]float64{"read, not kept": 0, "write": 0, "sign-in": 0}},
		{"sqlite", map[string]float64{"read, kept near": 0, "read, not kept": 1, "list of a user": 1, "sweep": 2}},
	} {
		t.Run(c.engine, func(t *testing.T) {
			e, err := measure(c.engine, 2000)
			if err != nil {
				t.Fatal(err)
			}
			if e.Bytes() < 100 || e.Bytes() > 5000 {
				t.Errorf("a session takes %v bytes", e.Bytes())
			}
			if e.Index >= e.Bytes() {
				t.Errorf("the indexes take %v of %v bytes", e.Index, e.Bytes())
			}
			for kind, want := range c.trips {
				if got := e.Request(kind).Trips; got < want || got > 1.5*want+beside {
					t.Errorf("%s: %v round trips, want %v", kind, got, want)
				}
			}
			if len(e.Requests) != 9 || slices.ContainsFunc(e.Requests, func(r figures.Request) bool { return r.Median <= 0 || r.P99 < r.Median }) {
				t.Errorf("requests are not measured: %+v", e.Requests)
			}
			if e.Sweep.Expired != 200 || e.Sweep.Requests == 0 || e.Sweep.Longest < e.Sweep.P99 {
				t.Errorf("the sweep is not measured: %+v", e.Sweep)
			}
			if e.List.Few <= 0 || e.List.All <= 0 || e.Loads <= 0 || e.Saves <= 0 {
				t.Errorf("lists %+v, %v loads, %v saves", e.List, e.Loads, e.Saves)
			}
		})
	}
}

func TestNearKept(t *testing.T) {
	all, entry, counted, err := nearKept(3000)
	if err != nil {
		t.Fatal(err)
	}
	if entry < 100 || counted < 100 {
		t.Errorf("an entry takes %v bytes and counts %v", entry, counted)
	}
	for i, k := range all {
		if k.Ratio <= 0 || k.Ratio > 1 {
			t.Errorf("%+v is no ratio", k)
		}
		if k.Part == 1 && k.Ratio <= all[i-5].Ratio {
			t.Errorf("with room for all %v of the reads hit, and with room for a hundredth %v", k.Ratio, all[i-5].Ratio)
		}
	}
}

func TestAt(t *testing.T) {
	times := []time.Duration{3, 1, 2, 5, 4}
	for thousandth, want := range map[int]time.Duration{0: 1, 500: 3, 1000: 5} {
		if got := at(times, thousandth); got != want {
			t.Errorf("at %d of 1,000: got %d, want %d", thousandth, got, want)
		}
	}
}
