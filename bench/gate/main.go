// Command gate measures what the program's gate costs beside a bare reverse proxy, httputil.ReverseProxy as its
// documentation shows it, in the same run. It writes a section of docs/performance.md.
//
//	go run ./gate                                   # prints the section
//	go run ./gate -update ../docs/performance.md    # puts it into the document
//
// It runs in the folder of the module. Everything is a process of its own: the app, each proxy, and each one's Redis.
// What counts is the processor time of a proxy, user and system, as the kernel counts it; not that of the app or of the
// load. The contenders take turns, and a ratio is the median of the rounds' ratios.
//
// A bare proxy keeps two connections to its app open, and dials anew for most requests when more are under way. So
// there are two of them: one as it is, and one that keeps as many connections open as the load has. The gate is
// compared with both.
//
// Answers to proxies are also compared with oauth2-proxy, which is built from its module. A machine on which that
// cannot be had says so in its row.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var p extent
	role := flag.String("role", "", "be one of the processes: app, bare, answers or provider")
	idle := flag.Int("idle", 0, "for the role bare: connections that it keeps open; 0 is its default")
	upstream := flag.String("upstream", "", "for the role bare: where the app listens")
	size := flag.Int("size", 0, "for the role answers: of an answer, in bytes")
	update := flag.String("update", "", "document whose section is replaced")
	flag.IntVar(&p.rounds, "count", 7, "how often each contender has its turn")
	flag.IntVar(&p.requests, "requests", 8000, "requests of a turn")
	flag.IntVar(&p.sockets, "sockets", 8000, "idle WebSockets; 0 leaves them out")
	flag.Int64Var(&p.megabytes, "megabytes", 1024, "size of a large body; 0 leaves them out")
	flag.Parse()
	var err error
	switch *role {
	case "app":
		err = serve(app())
	case "bare":
		err = serve(bare(*upstream, *idle))
	case "provider":
		err = serve(provider())
	case "answers":
		err = serve(answers(*size))
	default:
		err = run(ctx, &p, *update)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p *extent, update string) error {
	figures, err := p.run(ctx)
	if err != nil {
		return err
	}
	var section bytes.Buffer
	if err := render(&section, figures); err != nil {
		return err
	}
	if update == "" {
		_, err = section.WriteTo(os.Stdout)
		return err
	}
	return replace(update, section.Bytes())
}
