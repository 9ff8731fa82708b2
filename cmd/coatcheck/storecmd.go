package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/doctor"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/move"
)

// doctor says what the store promises.
func (p *Program) doctor(ctx context.Context, flags *config.Doctor) (err error) {
	f := folder.At(flags.Data)
	a, err := address(flags.Store, f)
	if err != nil {
		return err
	}
	b, err := backend.Look(ctx, a)
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	defer closeBackend(b, &err)
	report, err := doctor.Examine(ctx, b, f.RollbackPath(), f.IndexPath())
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	write := report.WriteText
	if flags.Format == "json" {
		write = report.WriteJSON
	}
	return errors.Join(write(p.Stdout), report.Err())
}

func closeBackend(b *backend.Backend, err *error) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	*err = errors.Join(*err, b.Close(ctx))
}

// copyStore copies or moves all sessions from one store to another.
func (p *Program) copyStore(ctx context.Context, flags *config.Copy) (err error) {
	from, err := openArgument(ctx, flags.From, "FROM", backend.Look)
	if err != nil {
		return err
	}
	defer closeBackend(from, &err)
	switch made, err := from.Made(ctx); {
	case err != nil:
		return fmt.Errorf("FROM: %w", err)
	case !made:
		return fmt.Errorf("FROM: there are no sessions in %s", from.Address)
	}
	to, err := openArgument(ctx, flags.To, "TO", backend.Open)
	if err != nil {
		return err
	}
	defer closeBackend(to, &err)
	if from.Address.String() == to.Address.String() {
		return errors.New("FROM and TO are the same store")
	}
	if err := to.Prepare(ctx); err != nil {
		return fmt.Errorf("TO: %w", err)
	}
	began := time.Now()
	count, err := from.Count(ctx, "", time.Time{})
	if err != nil {
		return fmt.Errorf("FROM: %w", err)
	}
	shown := copyProgress{to: p.Stderr, all: count, terminal: check.Terminal(p.Stderr), began: began, told: began}
	report, err := move.Copy(ctx, from, to, move.Options{
		Move: flags.Move, DeleteExtras: flags.DeleteExtras, Progress: shown.tell,
	})
	shown.end()
	if err != nil {
		return fmt.Errorf("store copy (start it again to go on): %w", err)
	}
	verb := "Copied"
	if flags.Move {
		verb = "Moved"
	}
	fmt.Fprintf(p.Stdout, "From      %s\nTo        %s\n%-9s %d sessions and %d cutoffs in %v\n"+
		"Checksum  %s in FROM, %s in TO\n",
		from.Address, to.Address, verb, report.To.Records, report.Cutoffs, time.Since(began).Round(time.Millisecond),
		report.From, report.To)
	for _, line := range []struct {
		n    int
		what string
	}{
		{report.Changed, "changed while they were being moved"},
		{report.Ended, "ended while they were being moved"},
		{report.Left, "left in FROM: unreadable, or begun meanwhile"},
	} {
		if line.n > 0 {
			fmt.Fprintf(p.Stdout, "          %d %s\n", line.n, line.what)
		}
	}
	return report.Err()
}

// A copyProgress says how far a copy is: at once on a terminal, and elsewhere a line every 10 seconds.
type copyProgress struct {
	to          io.Writer
	terminal    bool
	all         int
	began, told time.Time
	shown       bool // something stands on the terminal
}

func (c *copyProgress) tell(done int) {
	const often, seldom = time.Second / 4, 10 * time.Second
	now := time.Now()
	if since := now.Sub(c.told); since < often || !c.terminal && since < seldom {
		return
	}
	c.told = now
	line := fmt.Sprintf("%d of %d sessions, %.0f a second", done, c.all, float64(done)/now.Sub(c.began).Seconds())
	if !c.terminal {
		fmt.Fprintln(c.to, line)
		return
	}
	c.shown = true
	fmt.Fprintf(c.to, "\r\x1b[K%s", line)
}

// end takes away what stands on the terminal.
func (c *copyProgress) end() {
	if c.shown {
		fmt.Fprint(c.to, "\r\x1b[K")
	}
}

// openArgument opens the store of an argument. The argument may name a variable of the environment, because others can
// read a password in a command line.
func openArgument(
	ctx context.Context, text, name string, open func(context.Context, backend.Address) (*backend.Backend, error),
) (*backend.Backend, error) {
	if variable, ok := strings.CutPrefix(text, "env:"); ok {
		if text = os.Getenv(variable); text == "" {
			return nil, fmt.Errorf("%s: the environment has no variable %s", name, variable)
		}
	}
	a, err := backend.Parse(text, name)
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}
