package echo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Prefix is what the paths of the services begin with.
const Prefix = "/.echo"

const (
	maxConns  = 256
	timeout   = 30 * time.Second // for a request to arrive, and for an answer that is no stream to be taken
	maxStream = time.Hour
)

// Options configure a server.
type Options struct {
	// SignIn lets requests order the gate to sign anybody in or out. The default is no: they get 403.
	SignIn bool

	// API has sessions begin and end by the session API. The default is nil: the gate is ordered to.
	API *API

	// ShowSecrets shows cookies, credentials and the data of sessions to whoever asks, scripts of the site's pages
	// included. The default is no: a digest stands for them.
	ShowSecrets bool

	// Log is told of requests that cannot be read. The default is slog.Default.
	Log *slog.Logger
}

// A Server answers requests with what reached it.
type Server struct{ opts Options }

// New returns a server.
func New(opts Options) *Server {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Server{opts}
}

// Serve answers what comes to the listener until ctx is done, and closes it then. Streams end at once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var conns sync.WaitGroup
	defer conns.Wait()
	free := make(chan struct{}, maxConns)
	for {
		free <- struct{}{}
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as no file descriptor left
			<-free
			time.Sleep(50 * time.Millisecond)
			continue
		}
		conns.Go(func() {
			defer func() { <-free }()
			s.converse(ctx, conn)
		})
	}
}

// converse reads one request and answers it. A connection has no more than one, so that what is wrong with one request
// never passes for another.
func (s *Server) converse(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(timeout)) // a connection that has none fails at the first read
	x := &conversation{server: s, ctx: ctx, conn: conn, in: bufio.NewReader(conn)}
	err := x.read()
	if errors.Is(err, io.EOF) {
		return // nobody asked anything
	}
	if err == nil {
		err = x.serve()
	}
	var refused *refusal
	if errors.As(err, &refused) {
		s.opts.Log.Info("a request cannot be answered", "error", err)
		_ = x.write(&output{status: refused.status, body: []byte(refused.Error() + "\n")}) // it may be gone
		x.linger()
		return
	}
	if err != nil {
		s.opts.Log.Debug("a client went away", "error", err)
	}
}

// linger takes what the client still sends, so that it reads the answer before it learns that the connection is closed.
func (x *conversation) linger() {
	if half, ok := x.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = x.conn.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.CopyN(io.Discard, x.conn, maxBody) // only the answer counts
	}
}
