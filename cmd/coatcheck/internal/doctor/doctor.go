package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/cloakroom"
	"coatcheck.dev/cmd/coatcheck/internal/tidemark"
	"coatcheck.dev/store"
)

// A Report is what the doctor has found.
type Report struct {
	Store    string    `json:"store"`  // without secrets
	Server   string    `json:"server"` // kind and version
	Made     bool      `json:"made"`   // whether there are sessions to ask for
	Sessions int       `json:"sessions"`
	Answer   float64   `json:"answer_ms"` // how long a question takes, the median of some
	Findings []Finding `json:"findings"`
}

// A Finding is one thing that decides what the store promises.
type Finding struct {
	Severity string `json:"severity"` // "good", "unknown", "limit" or "danger"
	Name     string `json:"name"`
	What     string `json:"what"`
	Means    string `json:"means"`
	Fix      string `json:"fix,omitempty"`
}

// Examine looks at a store. marks is where the node that uses it notes what it has ended.
func Examine(ctx context.Context, room *cloakroom.Room, marks string) (*Report, error) {
	r := &Report{Store: room.Address.String(), Made: room.Made(ctx)}
	var err error
	if r.Server, err = room.Server(ctx); err != nil {
		return nil, fmt.Errorf("ask for the version: %w", err)
	}
	findings, err := room.Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the settings: %w", err)
	}
	findings = append(findings, shared(room))
	if r.Made {
		f, err := r.look(ctx, room, marks)
		if err != nil {
			return nil, fmt.Errorf("look at the sessions: %w", err)
		}
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b store.Finding) int { return int(b.Severity) - int(a.Severity) })
	for _, f := range findings {
		r.Findings = append(r.Findings, Finding{f.Severity.String(), f.Name, f.What, f.Means, f.Fix})
	}
	return r, nil
}

// shared says whether several nodes may use the store.
func shared(room *cloakroom.Room) store.Finding {
	if room.Local() {
		return store.Finding{
			Severity: store.Limit, Name: "nodes", What: "the store is a file of this machine", Means: "it serves the programs of one machine, and is lost with its disk",
			Fix: "for several machines, move to a server: coatcheck store copy --help",
		}
	}
	return store.Finding{Severity: store.Good, Name: "nodes", What: "any number of nodes may share the store", Means: "each hears what the others end"}
}

const questions = 11

// look counts the sessions, takes the time of a question, and finds out whether the store was restored from a backup.
func (r *Report) look(ctx context.Context, room *cloakroom.Room, marks string) (f store.Finding, err error) {
	if r.Sessions, err = room.Count(ctx, ""); err != nil {
		return f, err
	}
	var times []time.Duration
	for range questions {
		began := time.Now()
		if _, err := room.Load(ctx, store.NewID()); !errors.Is(err, store.ErrNotFound) {
			return f, err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	r.Answer = float64(times[questions/2].Microseconds()) / 1000
	state, err := tidemark.Look(marks, func() (map[string]time.Time, error) { return room.NotBefore(ctx) })
	switch {
	case err != nil:
		return f, err
	case state.Restored():
		return store.Finding{
			Severity: store.Danger, Name: "restored", What: "the store is older than what was ended in it until " + state.Known.Format(time.RFC3339),
			Means: "a backup was put in its place, and sessions that were ended since are in it again",
			Fix:   "start coatcheck serve, which refuses all sessions from before then, or accept them with --accept-restored-store",
		}, nil
	case state.Known.IsZero():
		return store.Finding{Severity: store.Good, Name: "restored", What: "no backup was put in the store's place, as far as this data folder can tell", Means: "this node has ended nothing in it yet"}, nil
	}
	return store.Finding{Severity: store.Good, Name: "restored", What: "no backup was put in the store's place", Means: "what this node has ended is ended"}, nil
}

// Err is for the exit status: it says how many dangers there are, if any.
func (r *Report) Err() error {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == store.Danger.String() {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("one thing is dangerous: see above")
	}
	return fmt.Errorf("%d things are dangerous: see above", n)
}
