package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/cloakroom"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/doctor"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/move"
)

// doctor says what the store promises.
func (p *Program) doctor(ctx context.Context, flags *config.Doctor) (err error) {
	f := folder.At(flags.Data)
	a, err := address(&config.Keep{Store: flags.Store}, f)
	if err != nil {
		return err
	}
	room, err := cloakroom.Look(ctx, a)
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	defer closeRoom(room, &err)
	report, err := doctor.Examine(ctx, room, f.TidemarkPath())
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	write := report.WriteText
	if flags.Format == "json" {
		write = report.WriteJSON
	}
	return errors.Join(write(p.Stdout), report.Err())
}

func closeRoom(room *cloakroom.Room, err *error) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	*err = errors.Join(*err, room.Close(ctx))
}

// copyStore copies or moves all sessions from one store to another.
func (p *Program) copyStore(ctx context.Context, flags *config.Copy) (err error) {
	from, err := openArgument(ctx, flags.From, "FROM", cloakroom.Look)
	if err != nil {
		return err
	}
	defer closeRoom(from, &err)
	if !from.Made(ctx) {
		return fmt.Errorf("FROM: there are no sessions in %s", from.Address)
	}
	to, err := openArgument(ctx, flags.To, "TO", cloakroom.Open)
	if err != nil {
		return err
	}
	defer closeRoom(to, &err)
	if from.Address.String() == to.Address.String() {
		return errors.New("FROM and TO are the same store")
	}
	if err := to.Prepare(ctx); err != nil {
		return fmt.Errorf("TO: %w", err)
	}
	began := time.Now()
	report, err := move.Copy(ctx, from, to, move.Options{Move: flags.Move, DeleteExtras: flags.DeleteExtras})
	if err != nil {
		return fmt.Errorf("store copy (begin it again to go on): %w", err)
	}
	verb := "Copied"
	if flags.Move {
		verb = "Moved"
	}
	fmt.Fprintf(p.Stdout, "From      %s\nTo        %s\n%-9s %d sessions and %d not-before switches in %v\nChecksum  %s there, %s here\n",
		from.Address, to.Address, verb, report.To.Records, report.Switches, time.Since(began).Round(time.Millisecond), report.From, report.To)
	for _, line := range []struct {
		n    int
		what string
	}{
		{report.Changed, "were used while they were moved, and are no longer what they were"},
		{report.Ended, "were ended while they were moved"},
		{report.Left, "are left there: those that cannot be read, or have begun meanwhile"},
	} {
		if line.n > 0 {
			fmt.Fprintf(p.Stdout, "          %d %s\n", line.n, line.what)
		}
	}
	return report.Err()
}

// openArgument opens a store that an argument names, or the environment, so that a password need not stand in a command line.
func openArgument(ctx context.Context, text, name string, open func(context.Context, cloakroom.Address) (*cloakroom.Room, error)) (*cloakroom.Room, error) {
	if variable, ok := strings.CutPrefix(text, "env:"); ok {
		if text = os.Getenv(variable); text == "" {
			return nil, fmt.Errorf("%s: the environment has no %s", name, variable)
		}
	}
	a, err := cloakroom.Parse(text, name)
	if err != nil {
		return nil, err
	}
	room, err := open(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return room, nil
}
