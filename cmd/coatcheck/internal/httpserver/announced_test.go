package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
)

// announce sends a header of the PROXY protocol and a request, and returns the status and the client that the server
// took it for. Without an answer the status is 0.
func announce(t *testing.T, server *httpserver.Server, header string) (status int, client string) {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(server.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, header+"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, ""
	}
	body, _ := io.ReadAll(res.Body)
	host, _, _ := net.SplitHostPort(string(body))
	return res.StatusCode, host
}

func TestProxiesAnnounceTheirClients(t *testing.T) {
	const (
		one     = "PROXY TCP4 203.0.113.7 198.51.100.1 40000 443\r\n"
		unknown = "PROXY UNKNOWN\r\n"
		two     = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\x9c\x40\x01\xbb"
		local   = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	)
	for _, c := range []struct {
		name, network, header string
		status                int
		client                string
	}{
		{"version 1", "127.0.0.0/8", one, 200, "203.0.113.7"},
		{"version 2", "127.0.0.0/8", two, 200, "203.0.113.7"},
		{"a check of the proxy's own, version 1", "127.0.0.0/8", unknown, 200, "127.0.0.1"},
		{"a check of the proxy's own, version 2", "127.0.0.0/8", local, 200, "127.0.0.1"},
		{"no header", "127.0.0.0/8", "", 0, ""},
		{"half a header", "127.0.0.0/8", "PROXY TCP4 203.0.113.7\r\n", 0, ""},
		{"from somebody else", "10.0.0.0/8", one, 400, ""},
		{"somebody else without", "10.0.0.0/8", "", 200, "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, err := httpserver.Listen("127.0.0.1:0", "--listen")
			if err != nil {
				t.Fatal(err)
			}
			server.ProxiesSend = []netip.Prefix{netip.MustParsePrefix(c.network)}
			server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, r.RemoteAddr)
			})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- httpserver.Run(ctx, 10*time.Second, func() {}, server) }()
			status, client := announce(t, server, c.header)
			if status != c.status || status == 200 && client != c.client {
				t.Errorf("got %d for %q; want %d for %q", status, client, c.status, c.client)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
