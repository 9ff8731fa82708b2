package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An extent is how much is measured.
type extent struct {
	rounds, requests, sockets int
	megabytes                 int64

	folder string
	log    *os.File
	self   string
}

// A contender is a process that serves, and how it is asked.
type contender struct {
	*process
	name   string
	cookie string
	store  *process // its Redis, if it has one
}

// run measures everything.
func (p *extent) run(ctx context.Context) (*figures, error) {
	var err error
	if p.folder, err = os.MkdirTemp("", "coatcheck-gate-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(p.folder)
	if p.log, err = os.Create(filepath.Join(p.folder, "log")); err != nil {
		return nil, err
	}
	defer p.log.Close()
	if p.self, err = os.Executable(); err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", p.program(),
		"coatcheck.dev/cmd/coatcheck")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	f := &figures{extent: *p}
	for _, part := range []func(context.Context, *figures) error{p.pages, p.checks, p.beside, p.bulk} {
		if err := part(ctx, f); err != nil {
			log, _ := os.ReadFile(p.log.Name())
			return nil, fmt.Errorf("%w\n%s", err, log)
		}
	}
	return f, nil
}

func (p *extent) program() string { return filepath.Join(p.folder, "coatcheck") }

// A field has the processes of one part.
type field struct {
	app    *process
	all    []*process
	extent *extent
}

func (p *extent) open(ctx context.Context) (*field, error) {
	app, err := start(ctx, p.log, p.self, "-role=app")
	if err != nil {
		return nil, err
	}
	return &field{app: app, all: []*process{app}, extent: p}, nil
}

func (f *field) close() {
	for _, p := range slices.Backward(f.all) {
		p.stop()
	}
}

// start starts a process that ends with the field.
func (f *field) start(ctx context.Context, path string, args ...string) (*process, error) {
	p, err := start(ctx, f.extent.log, path, args...)
	if err == nil {
		f.all = append(f.all, p)
	}
	return p, err
}

func (f *field) bare(ctx context.Context, name string, args ...string) (*contender, error) {
	args = append([]string{"-role=bare", "-upstream=" + f.app.url}, args...)
	proxy, err := f.start(ctx, f.extent.self, args...)
	if err != nil {
		return nil, err
	}
	return &contender{process: proxy, name: name, cookie: "__Host-session=" + exampleTicket}, nil
}

// exampleTicket is as long as a ticket, so that the bare proxy carries as much.
const exampleTicket = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// gate starts the program, with a visitor who is signed in.
func (f *field) gate(ctx context.Context, name string, args ...string) (*contender, error) {
	if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--config=") }) {
		args = append(args, "--upstream="+f.app.url)
	}
	args = append([]string{"serve", "--listen=127.0.0.1:0", "--console-listen=127.0.0.1:0",
		"--data=" + filepath.Join(f.extent.folder, name)}, args...)
	proxy, err := f.start(ctx, f.extent.program(), args...)
	if err != nil {
		return nil, err
	}
	cookie, err := signIn(proxy.url+"/sign-in", url.Values{"user": {"u42"}})
	return &contender{process: proxy, name: name, cookie: cookie}, err
}

// redis starts the program with a Redis of its own.
func (f *field) redis(ctx context.Context, name string, args ...string) (*contender, error) {
	store, err := f.store(ctx)
	if err != nil {
		return nil, err
	}
	c, err := f.gate(ctx, name, append(args, "--store="+store.url, "--accept-danger=appendfsync")...)
	if err == nil {
		c.store = store
	}
	return c, err
}

// store starts a Redis that keeps what it is told, as the program demands at its start.
func (f *field) store(ctx context.Context) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(f.extent.folder, "redis-")
	if err != nil {
		return nil, err
	}
	return f.startSilent(ctx, "redis://127.0.0.1:"+port, "redis-server", "--port", port, "--bind", "127.0.0.1",
		"--dir", folder, "--appendonly", "yes", "--save", "")
}

// startSilent starts a program that does not say when it listens, and waits until it does.
func (f *field) startSilent(ctx context.Context, url, program string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = f.extent.log, f.extent.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, url}
	f.all = append(f.all, p)
	for range 200 {
		conn, err := dial(ctx, url)
		if err == nil {
			return p, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s: it does not listen", filepath.Base(program))
}

// freePort returns a port that nobody listens at.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port), listener.Close()
}

// pages measures requests of a page.
func (p *extent) pages(ctx context.Context, to *figures) error {
	f, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	bare, err := f.bare(ctx, "bare")
	if err != nil {
		return err
	}
	kept, err := f.bare(ctx, "kept", "-idle="+strconv.Itoa(connections))
	if err != nil {
		return err
	}
	sqlite, err := f.gate(ctx, "sqlite")
	if err != nil {
		return err
	}
	all := []*contender{bare, kept, {process: sqlite.process, name: "anonymous"}, sqlite}
	redis, err := f.redis(ctx, "redis")
	switch {
	case errors.Is(err, exec.ErrNotFound): // its row is left out
	case err != nil:
		return err
	default:
		all = append(all, redis)
	}
	return takeTurns(p, all, to, func(c *contender) error { return load(ctx, c.url, c.cookie, p.requests) })
}

// takeTurns has each of them do the work in every round. The first round warms up, and does not count.
func takeTurns[C interface {
	spend(work func() error) (own, all time.Duration, err error)
	String() string
}](p *extent, all []C, to *figures, work func(C) error) error {
	for round := range p.rounds + 1 {
		for _, c := range all {
			own, with, err := c.spend(func() error { return work(c) })
			if err != nil {
				return fmt.Errorf("%v: %w", c, err)
			}
			if round > 0 {
				to.add(c.String(), own/time.Duration(p.requests))
				to.add(c.String()+andStore, with/time.Duration(p.requests))
			}
		}
	}
	return nil
}

// andStore follows the name of a contender where the time of its Redis counts.
const andStore = " and its store"

func (c *contender) String() string { return c.name }

// spend returns the processor time that some work takes: of the contender's own process, and with that of its store.
func (c *contender) spend(work func() error) (own, all time.Duration, err error) {
	before, beforeStore, err := c.cpu()
	if err != nil {
		return 0, 0, err
	}
	if err := work(); err != nil {
		return 0, 0, err
	}
	after, afterStore, err := c.cpu()
	own = after - before
	return own, own + afterStore - beforeStore, err
}

// cpu is how much processor time the contender has taken, and how much its store.
func (c *contender) cpu() (own, store time.Duration, err error) {
	if own, err = c.process.cpu(); err == nil && c.store != nil {
		store, err = c.store.cpu()
	}
	return own, store, err
}

// bulk measures large bodies and idle WebSockets, with processes that have done nothing before.
func (p *extent) bulk(ctx context.Context, to *figures) error {
	f, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	bare, err := f.bare(ctx, "bare")
	if err != nil {
		return err
	}
	gate, err := f.gate(ctx, "gate")
	if err != nil {
		return err
	}
	both := []*contender{bare, gate}
	if p.megabytes > 0 {
		if err := p.bodies(ctx, both, to); err != nil {
			return err
		}
	}
	if p.sockets == 0 {
		return nil
	}
	for _, c := range both {
		if err := p.idle(ctx, c, to); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// bodies measures what one body takes, and by how much memory grows beyond what the process had.
func (p *extent) bodies(ctx context.Context, both []*contender, to *figures) error {
	had := make(map[string]int64)
	for _, c := range both {
		var err error
		if had[c.name], err = c.memory("VmHWM"); err != nil {
			return err
		}
	}
	for range max(p.rounds/2, 1) {
		for _, c := range both {
			down, _, err := c.spend(func() error { return download(ctx, c.url, c.cookie, p.megabytes) })
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			up, _, err := c.spend(func() error { return upload(ctx, c.url, c.cookie, p.megabytes) })
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			to.add(c.name+" down", down)
			to.add(c.name+" up", up)
		}
	}
	for _, c := range both {
		most, err := c.memory("VmHWM")
		if err != nil {
			return err
		}
		to.size(c.name+" bodies", most-had[c.name])
	}
	return nil
}

// idle measures all the memory that a process has while many WebSockets are open.
func (p *extent) idle(ctx context.Context, c *contender, to *figures) error {
	sockets, err := openSockets(ctx, c.url, c.cookie, p.sockets)
	defer func() {
		for _, s := range sockets {
			s.Close()
		}
	}()
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // what collects garbage does so by then, in both
	has, err := c.memory("VmRSS")
	to.size(c.name+" sockets", has)
	return err
}
