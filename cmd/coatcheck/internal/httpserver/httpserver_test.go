package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
)

// run starts a server for a handler, and returns it with what stops it and the error that it ends with.
func run(
	t *testing.T, grace time.Duration, handler http.HandlerFunc, limit ...httpserver.Limit,
) (s *httpserver.Server, stop func(), ended chan error) {
	t.Helper()
	s, err := httpserver.Listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = handler
	for _, l := range limit {
		s.Limit = l
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	ended = make(chan error, 1)
	go func() { ended <- httpserver.Run(ctx, grace, func() {}, s) }()
	return s, stop, ended
}

func TestRequestsUnderWayEnd(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s, stop, ended := run(t, time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		fmt.Fprint(w, "whole")
	})
	body := make(chan string)
	go func() {
		res, err := http.Get("http://" + s.Address())
		if err != nil {
			body <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		body <- string(b)
	}()
	<-arrived
	stop()
	for { // until the listener is closed
		conn, err := net.Dial("tcp", s.Address())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(release)
	if got := <-body; got != "whole" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestEndlessRequestsAreBrokenOff(t *testing.T) {
	arrived := make(chan struct{})
	s, stop, ended := run(t, 10*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	go http.Get("http://" + s.Address())
	<-arrived
	stop()
	if err := <-ended; !errors.Is(err, httpserver.ErrBrokenOff) {
		t.Errorf("ended with %v", err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	s, _, _ := run(t, time.Second, func(http.ResponseWriter, *http.Request) {})
	for size, want := range map[int]int{30 << 10: 200, 40 << 10: 431} {
		req, _ := http.NewRequest("GET", "http://"+s.Address(), nil)
		req.Header.Set("Cookie", strings.Repeat("x", size))
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%d bytes: status %d, want %d", size, res.StatusCode, want)
		}
	}
}

func TestListenErrors(t *testing.T) {
	taken, err := httpserver.Listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, says := range map[string]string{
		taken.Address():    "in use by another program",
		"192.0.2.1:80":     "not an address of this machine",
		"no.invalid.:80":   "not an address of this machine",
		"8080":             "host:port",
		"localhost:x:y":    "host:port",
		"localhost:999999": "--listen",
	} {
		s, err := httpserver.Listen(address, "--listen")
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--listen") {
			t.Errorf("%s: %v, want %q", address, err, says)
		}
	}
}

func TestURL(t *testing.T) {
	for address, host := range map[string]string{"localhost:0": "localhost", "127.0.0.1:0": "localhost",
		":0": "localhost", "127.0.0.2:0": "127.0.0.2"} {
		s, err := httpserver.Listen(address, "--listen")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, port, _ := net.SplitHostPort(s.Address())
		if got, want := s.URL(), "http://"+host+":"+port; got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

// A client that never ends its body is not waited for, and one that has sent it is for as long as the handler likes.
//
// Rows: I9
func TestBodiesHaveATime(t *testing.T) {
	const timeout = 100 * time.Millisecond
	s, err := httpserver.Listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	s.BodyTimeout = timeout
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
		if err != nil {
			return
		}
		select {
		case <-r.Context().Done(): // as if the client had left
		case <-time.After(3 * timeout):
			fmt.Fprint(w, "whole")
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpserver.Run(ctx, time.Minute, func() {}, s) }()
	conn, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na")
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("half a body: %v", err)
	}
	res, err := http.Post("http://"+s.Address(), "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); <-read != nil || err != nil || string(body) != "whole" {
		t.Errorf("a whole body: %q, %v", body, err)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
