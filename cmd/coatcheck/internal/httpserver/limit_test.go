package httpserver_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
)

// get asks over one connection, which stays open. It returns the error of a connection that was closed instead.
func get(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		res.Body.Close()
	}
	return conn, err
}

func TestConnectionsOfOneClientAreBounded(t *testing.T) {
	refused := make(chan netip.Addr, 1)
	s := limitedServer(t, httpserver.Limit{PerClient: 2, Refused: func(client netip.Addr) { refused <- client }})
	first, err := get(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, s); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, s); err == nil {
		t.Error("a third connection was served")
	}
	if client := <-refused; client != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("told of %s", client)
	}
	first.Close()
	for { // until the server has noticed
		if _, err := get(t, s); err == nil {
			return
		}
		<-refused
	}
}

func TestExemptClientsAreNotBounded(t *testing.T) {
	s := limitedServer(t, httpserver.Limit{PerClient: 1, Exempt: httpserver.Loopback})
	for range 3 {
		if _, err := get(t, s); err != nil {
			t.Fatal(err)
		}
	}
}

func limitedServer(t *testing.T, limit httpserver.Limit) (address string) {
	t.Helper()
	s, _, _ := run(t, 0, func(http.ResponseWriter, *http.Request) {}, limit)
	return s.Address()
}
