package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/rollback"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// A Report is what the doctor has found.
type Report struct {
	Store    string    `json:"store"`  // without secrets
	Server   string    `json:"server"` // kind and version
	Made     bool      `json:"made"`   // whether there are tables
	Sessions int       `json:"sessions"`
	Answer   float64   `json:"answer_ms"` // the median time of a question
	Findings []Finding `json:"findings"`
}

// A Finding is one thing that decides what the store promises. It is [store.Finding] for programs to read.
type Finding struct {
	Severity string `json:"severity"` // "good", "unknown", "limit" or "danger"
	Name     string `json:"name"`
	What     string `json:"what"`
	Means    string `json:"means"`
	Fix      string `json:"fix,omitempty"`
}

// Examine looks at a store. Of the node that uses it, marks is the file in which it keeps its mark (see package
// rollback), and indexFile that of its index of sessions.
func Examine(ctx context.Context, b *backend.Backend, marks, indexFile string) (*Report, error) {
	r := &Report{Store: b.Address.String()}
	var err error
	if r.Made, err = b.Made(ctx); err != nil {
		return nil, fmt.Errorf("look for the tables: %w", err)
	}
	if r.Server, err = b.Version(ctx); err != nil {
		return nil, fmt.Errorf("ask for the version: %w", err)
	}
	findings, err := b.Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("check the settings: %w", err)
	}
	findings = append(findings, shared(b), byHand(b))
	if r.Made {
		if err := r.measure(ctx, b); err != nil {
			return nil, fmt.Errorf("look at the sessions: %w", err)
		}
		state, err := rollback.Inspect(marks, r.Store,
			func() (map[string]time.Time, error) { return b.NotBefore(ctx) })
		if err != nil {
			return nil, fmt.Errorf("find out whether the store was restored from a backup: %w", err)
		}
		findings = append(findings, restored(state))
		if f, there := indexed(ctx, indexFile, r.Store); there {
			findings = append(findings, f)
		}
		if !b.Local() {
			findings = append(findings, clock(ctx, b))
		}
	}
	slices.SortStableFunc(findings, func(a, b store.Finding) int { return int(b.Severity) - int(a.Severity) })
	for _, f := range findings {
		r.Findings = append(r.Findings, Finding{f.Severity.String(), f.Name, f.What, f.Means, f.Fix})
	}
	return r, nil
}

// shared says whether several nodes may use the store.
func shared(b *backend.Backend) store.Finding {
	if b.Local() {
		return store.Finding{
			Severity: store.Limit, Name: "nodes", What: "the store is a file on this machine",
			Means: "it serves the programs of one machine, and is lost with its disk",
			Fix:   "for several machines, move to a server: coatcheck store copy --help",
		}
	}
	return store.Finding{
		Severity: store.Good, Name: "nodes", What: "any number of nodes may share the store",
		Means: "each hears which sessions the others end",
	}
}

// byHand says how soon it ends what somebody removes from the store. A stream is looked at once a minute.
func byHand(b *backend.Backend) store.Finding {
	age, where := near.DefaultMaxAge, " on all nodes"
	if b.Local() {
		age, where = backend.FileAge, ""
	}
	return store.Finding{
		Severity: store.Good, Name: "by-hand",
		What:  fmt.Sprintf("what is removed from the store by hand ends within %v%s", age, where),
		Means: fmt.Sprintf("they ask again for what they have near; streams end within %v", age+time.Minute),
	}
}

const questions = 11

// measure counts the sessions, and takes the median time of a question.
func (r *Report) measure(ctx context.Context, b *backend.Backend) (err error) {
	if r.Sessions, err = b.Count(ctx, "", time.Time{}); err != nil {
		return err
	}
	var times []time.Duration
	for range questions {
		began := time.Now()
		if _, err := b.Load(ctx, store.NewID()); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	r.Answer = float64(times[questions/2].Microseconds()) / 1000
	return nil
}

// restored says whether a backup has taken the place of the store.
func restored(s rollback.State) store.Finding {
	f := store.Finding{
		Severity: store.Good, Name: "restored", What: "the store was not restored from a backup",
		Means: "the sessions that this node has ended stay ended",
	}
	switch {
	case s.Vanished:
		f.Severity, f.What = store.Danger, "the store has lost its name: it was emptied, or another took its place"
		f.Means = "nobody can tell which of the sessions in it had ended"
		f.Fix = "start coatcheck serve, which refuses all sessions from before now; " +
			"or let them in with --accept-restored-store"
	case s.Restored():
		f.Severity, f.What = store.Danger, "the store was restored from a backup"
		f.Means = "sessions that had ended by " + s.Known.Format(time.RFC3339) + " are in it again"
		f.Fix = "start coatcheck serve, which refuses all sessions from before now; " +
			"or let them in with --accept-restored-store"
	case s.Known.IsZero():
		f.Severity, f.What = store.Unknown, "whether the store was restored from a backup"
		f.Means = "by what is in this data folder, this node has ended no session in this store yet"
		f.Fix = "if it has, name its data folder with --data"
	}
	return f
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
		return errors.New("1 danger: see above")
	}
	return fmt.Errorf("%d dangers: see above", n)
}
