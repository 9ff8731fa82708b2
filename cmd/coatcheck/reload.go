package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// A reloader reads the configuration again when SIGHUP comes, by which many tools ask for that, and when the file has
// changed.
type reloader struct {
	p       *Program
	args    []string // of the program
	flags   config.Serve
	hangups chan os.Signal
}

// follow begins to listen before the program says that it runs: a SIGHUP must not end it.
func (p *Program) follow(args []string, flags config.Serve) *reloader {
	r := &reloader{p: p, args: args, flags: flags, hangups: make(chan os.Signal, 1)}
	signal.Notify(r.hangups, syscall.SIGHUP)
	return r
}

const nothingToRead = "SIGHUP was ignored: there is nothing to read again; restart to change flags, " +
	"or start with --config"

// run reads the configuration again as often as it has to, until ctx ends.
func (r *reloader) run(ctx context.Context, s *server) {
	defer signal.Stop(r.hangups)
	tick := time.NewTicker(pollFile)
	defer tick.Stop()
	file := settling{seen: r.state()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hangups:
			if r.flags.Config == "" {
				s.log.Warn(nothingToRead)
				continue
			}
		case <-tick.C:
			if !file.changed(r.state()) {
				continue
			}
		}
		file.seen = r.state() // first: what changes while it is read is seen next time
		r.reload(s)
	}
}

// A settling file counts as changed only after it was the same at two looks in a row, because the first half of a
// configuration can be a good one that protects less.
type settling struct{ seen, last string }

// changed says whether the file is another one than seen, and is not being written.
func (f *settling) changed(now string) bool {
	still := now == f.last
	f.last = now
	return still && now != f.seen
}

// state tells one content of the file from another.
func (r *reloader) state() string {
	if r.flags.Config == "" {
		return ""
	}
	info, err := os.Stat(r.flags.Config)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// reload takes up another configuration, which was checked.
func (s *server) reload(flags *config.Serve) error {
	receivers, err := s.pusher.receivers(&flags.Pushes)
	if err != nil {
		return err
	}
	return s.router.reload(flags, func() error { return s.pusher.take(s.closing, receivers) })
}

// reload reads and checks the whole, and then takes it up or leaves it.
func (r *reloader) reload(s *server) {
	line, err := config.Parse(r.args, io.Discard)
	if err == nil {
		err = s.reload(&line.Serve)
	}
	s.reloaded(err)
	if err == nil {
		fmt.Fprintf(r.p.Stdout, "%s was read again: %s.\n", r.flags.Config, count(len(line.Serve.All()), "site"))
		return
	}
	problems := config.Problems(err)
	for _, p := range problems {
		s.log.Error("the configuration was refused, and the one before stays", "error", p)
	}
	if len(problems) == 0 {
		s.log.Error("the configuration was refused, and the one before stays", "error", err)
	}
}
