package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10 // as nginx; browsers may send more cookies than any server takes
)

// A Server is a listener and the handler that answers there. Set the handler before Run.
type Server struct {
	Handler http.Handler
	Log     *slog.Logger
	Limit   Limit

	// BodyTimeout is how long a client may take to send a whole body. The default is any time, for handlers that have
	// bounds of their own.
	BodyTimeout time.Duration

	// TLS makes the server speak https, by HTTP/2 or HTTP/1.1. The default is plain http.
	TLS *tls.Config

	// PlainHTTP2 has the server take HTTP/2 without TLS as well, from clients that begin with it (RFC 9113, section
	// 3.3), as gRPC does. The default is HTTP/1.1 alone.
	PlainHTTP2 bool

	// ProxiesSend are the networks of proxies whose connections begin with a header of the PROXY protocol, which names
	// the client. From there a connection without one is refused; nobody else's header is read. The default is none.
	ProxiesSend []netip.Prefix

	// PerConnection makes the context of all requests of one connection, and end is called when that is closed or has
	// become another protocol's. The default is a context that knows of none.
	PerConnection func(context.Context) (_ context.Context, end func())

	listener net.Listener
	flag     string
}

// Listen takes an address, host:port. An error says what to do, with the name of the flag, and which other server of
// the program has the address.
func Listen(address, flag string, others ...*Server) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return &Server{listener: listener, flag: flag, Log: slog.Default()}, nil
	}
	var addrErr *net.AddrError
	var dnsErr *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		for _, o := range others {
			if _, port, _ := net.SplitHostPort(address); port == strconv.Itoa(o.listener.Addr().(*net.TCPAddr).Port) {
				return nil, fmt.Errorf("%s and %s are both %s; choose another address for one of them", o.flag, flag,
					address)
			}
		}
		return nil, fmt.Errorf("%s is in use by another program; stop that one, or choose another address with %s",
			address, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s needs more rights; choose a port from 1024 on with %s", address, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &dnsErr):
		return nil, fmt.Errorf("%s is not an address of this machine; choose another with %s", address, flag)
	case errors.As(err, &addrErr):
		return nil, fmt.Errorf("%s %s: an address is host:port, such as localhost:8080", flag, address)
	}
	return nil, fmt.Errorf("listen on %s (%s): %w", address, flag, err)
}

// Close gives the address back, for a server that was never run.
func (s *Server) Close() error { return s.listener.Close() }

// Listener is for who serves something else there than [Run] does.
func (s *Server) Listener() net.Listener { return s.listener }

// Port is the port that the server has.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// URL is where a browser on this machine finds the server. It is http://localhost wherever that leads there, because
// browsers keep Secure cookies for it. With TLS it is https, and the host is a matter of the certificate.
func (s *Server) URL() string {
	addr := s.listener.Addr().(*net.TCPAddr)
	if s.TLS != nil {
		return "https://" + addr.String()
	}
	if addr.IP.IsUnspecified() || addr.IP.Equal(net.IPv4(127, 0, 0, 1)) || addr.IP.Equal(net.IPv6loopback) {
		return "http://localhost:" + strconv.Itoa(addr.Port)
	}
	return "http://" + addr.String()
}

// ErrBrokenOff says that requests were still under way when the grace was over.
var ErrBrokenOff = errors.New("requests were still under way when their time was over, and were broken off")

// Run serves until ctx ends or a server fails. Then it calls stopping, and shuts the servers down in their order: each
// takes no more requests and waits for those under way. Requests that have not ended after grace, counted for all
// servers together, are broken off, and Run returns [ErrBrokenOff]. The last server goes on answering while the others
// stop.
func Run(ctx context.Context, grace time.Duration, stopping func(), servers ...*Server) error {
	failed := make(chan error, len(servers))
	running := make([]*http.Server, len(servers))
	for i, s := range servers {
		running[i] = s.bounded()
		go func() { failed <- s.serve(running[i]) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	}
	stopping()
	return errors.Join(err, shutDown(running, grace))
}

func (s *Server) serve(on *http.Server) error {
	listener := announced(s.Limit.on(s.listener), s.ProxiesSend)
	if s.TLS != nil {
		return on.ServeTLS(listener, "", "")
	}
	return on.Serve(listener)
}

func (s *Server) bounded() *http.Server {
	handler := s.Handler
	if s.BodyTimeout > 0 {
		handler = within(s.BodyTimeout, handler)
	}
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         s.TLS,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), // what clients do wrong, mostly
	}
	if s.PlainHTTP2 && s.TLS == nil {
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetUnencryptedHTTP2(true)
	}
	if s.PerConnection != nil {
		Watch(server, s.PerConnection)
	}
	return server
}

// Watch has a server make a context for each connection, as [Server.PerConnection] says.
func Watch(server *http.Server, perConnection func(context.Context) (_ context.Context, end func())) {
	var ends sync.Map // of func(), by connection
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		ctx, end := perConnection(ctx)
		ends.Store(conn, end)
		return ctx
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if state != http.StateClosed && state != http.StateHijacked {
			return
		}
		if end, ok := ends.LoadAndDelete(conn); ok {
			end.(func())()
		}
	}
}

// shutDown stops the servers in their order.
func shutDown(servers []*http.Server, grace time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(ctx) != nil {
			s.Close()
			err = ErrBrokenOff
		}
	}
	return err
}
