package echo_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// one is a listener with a single connection.
type one struct {
	conn net.Conn
	done chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *one) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

// Whatever a client sends, it is answered or its connection ends.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /.echo HTTP/1.1\r\nHost: x\r\n\r\n", "POST /a HTTP/1.0\nContent-Length: 2\n\nab",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n",
		"GET /.echo/socket HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n\x81\x81\x00\x00\x00\x00a",
		"GET /.echo/range HTTP/1.1\r\nRange: bytes=1-2\r\n\r\n", "GET /.echo/events?seconds=0 HTTP/1.1\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		client, server := net.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // for /slow and streams
		defer cancel()
		l := &one{conn: server, done: make(chan struct{})}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = echo.New(echo.Options{SignIn: true, Log: slog.New(slog.DiscardHandler)}).Serve(ctx, l)
		}()
		go func() {
			_, _ = client.Write(text) // the server may have ended the connection
			cancelSoon(client)
		}()
		_, _ = io.Copy(io.Discard, client)
		client.Close()
		cancel()
		<-ended
	})
}

// cancelSoon gives the server time to answer, and then hangs up.
func cancelSoon(client net.Conn) { _ = client.SetDeadline(time.Now().Add(50 * time.Millisecond)) }
