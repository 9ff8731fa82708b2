// Node is a small site for the referee in test/chaos, with the library's parts put together as an app would:
//
//	node -engine redis -store 127.0.0.1:6379 -listen 127.0.0.1:8080
//
// Its sessions are rotated often and its lease is short, so that half a minute shows what otherwise takes hours.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/near"
)

func main() {
	engine := flag.String("engine", "", "one of the kinds of store")
	address := flag.String("store", "", "its address")
	listen := flag.String("listen", "127.0.0.1:0", "where the site listens")
	lease := flag.Duration("lease", time.Second, "how long a session is believed in silence")
	rotate := flag.Duration("rotate", time.Minute, "how often a session gets a new secret")
	sweep := flag.Duration("sweep", time.Minute, "how often expired sessions are removed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *engine, *address, *listen, *lease, *rotate, *sweep); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, engine, address, listen string, lease, rotate, sweep time.Duration) error {
	st, err := open(engine, address)
	if err != nil {
		return err
	}
	sessions := session.New(near.New(st, near.Options{Lease: lease}), session.Options{
		RotateEvery: rotate, RotationGrace: rotate - time.Second, StoreTimeout: time.Second, MaxSessions: -1,
		SweepInterval: sweep, Events: event.NewQueue(event.LogEvents(slog.New(slog.NewTextHandler(os.Stderr, nil)))),
	})
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "site", l.Addr())
	server := &http.Server{Handler: sessions.Handler(site(sessions))}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
