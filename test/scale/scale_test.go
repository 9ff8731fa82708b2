package scale

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"coatcheck.dev/test/scale/figures"
)

var update = flag.Bool("update", false, "write figures/measured.json; the figures of other engines stay")

// perhaps is how many sessions each engine is filled with if the environment does not say.
const perhaps = 2000

func TestMeasure(t *testing.T) {
	sessions, asked := perhaps, os.Getenv("COATCHECK_SCALE")
	if asked != "" {
		n, err := strconv.Atoi(asked)
		must(t, err)
		sessions = n
	}
	for _, g := range engines {
		t.Run(g.name, func(t *testing.T) {
			if g.server && asked == "" {
				t.Skip("COATCHECK_SCALE=10000 measures what needs a server")
			}
			e := measure(t, g.name, g.start(t), sessions)
			check(t, e, sessions)
			show(t, e)
			write(t, func(f *figures.Figures) {
				f.Machine, f.Sessions, f.Users = machine(), sessions, sessions/perUser
				f.Engines = slices.DeleteFunc(f.Engines, func(old figures.Engine) bool { return old.Name == e.Name })
				f.Engines = append(f.Engines, *e)
				slices.SortFunc(f.Engines, func(a, b figures.Engine) int { return order(a.Name) - order(b.Name) })
			})
			debug.FreeOSMemory()
		})
	}
	t.Run("near", func(t *testing.T) {
		kept, entry, counted := nearKept(t, max(sessions/5, 3000))
		checkKept(t, kept, entry, counted)
		show(t, kept)
		write(t, func(f *figures.Figures) { f.Near, f.Entry, f.Counted = kept, entry, counted })
	})
}

func order(name string) int {
	return slices.IndexFunc(engines, func(g kind) bool { return g.name == name })
}

func show(t *testing.T, figures any) {
	text, err := json.MarshalIndent(figures, "", "  ")
	must(t, err)
	t.Log(string(text))
}

// write changes the file of figures, if it is to be written.
func write(t *testing.T, change func(*figures.Figures)) {
	if !*update || t.Failed() {
		return
	}
	f, err := figures.Measured()
	must(t, err)
	change(f)
	text, err := json.MarshalIndent(f, "", "\t")
	must(t, err)
	must(t, os.WriteFile(filepath.Join("figures", "measured.json"), append(text, '\n'), 0o644))
}

// beside is what a request may seem to take because of checkpoints that are made at the same time.
const beside = 0.1

// trips are the round trips that are certain: at least so many, and at most half more.
var trips = map[string]map[string]float64{
	"memory": {"read, not kept": 0, "write": 0, "sign-in": 0},
	"sqlite": {"read, kept near": 0, "read, not kept": 1, "list of a user": 1, "sweep": 2},
}

func check(t *testing.T, e *figures.Engine, sessions int) {
	if e.Bytes() < 100 || e.Bytes() > 5000 {
		t.Errorf("a session takes %v bytes", e.Bytes())
	}
	if e.Index >= e.Bytes() {
		t.Errorf("the indexes take %v of %v bytes", e.Index, e.Bytes())
	}
	for kind, want := range trips[e.Name] {
		if got := e.Request(kind).Trips; got < want || got > 1.5*want+beside {
			t.Errorf("%s: %v round trips, want %v", kind, got, want)
		}
	}
	unmeasured := func(r figures.Request) bool { return r.Median <= 0 || r.P99 < r.Median }
	if len(e.Requests) != 9 || slices.ContainsFunc(e.Requests, unmeasured) {
		t.Errorf("requests are not measured: %+v", e.Requests)
	}
	if e.Sweep.Expired != sessions/10 || e.Sweep.Requests == 0 || e.Sweep.Longest < e.Sweep.P99 {
		t.Errorf("the sweep is not measured: %+v", e.Sweep)
	}
	if e.List.Few <= 0 || e.List.All <= 0 || e.Loads <= 0 || e.Saves <= 0 {
		t.Errorf("lists %+v, %v loads, %v saves", e.List, e.Loads, e.Saves)
	}
}

func checkKept(t *testing.T, all []figures.Kept, entry, counted float64) {
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
