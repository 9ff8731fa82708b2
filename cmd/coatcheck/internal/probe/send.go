package probe

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

const (
	timeout   = 20 * time.Second // for one request
	maxAnswer = 1 << 20
)

// A request is written as it stands here, because most attacks are requests that no library would send.
type request struct {
	method   string // GET by default
	target   string
	protocol string   // HTTP/1.1 by default
	lines    []string // of the header, behind Host
	body     string   // with its chunks and trailers, as it goes over the connection
}

// A response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
	report *echo.Report // nil if the echo was not reached
	in     *bufio.Reader
	conn   net.Conn // of a connection that was upgraded
}

// get asks for a path with these lines of a header.
func (a *attack) get(ctx context.Context, target string, lines ...string) (*response, error) {
	return a.send(ctx, request{target: target, lines: lines})
}

// send sends a request on a connection of its own.
func (a *attack) send(ctx context.Context, r request) (*response, error) {
	if a.sent++; a.sent > maxRequests {
		return nil, errMany
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(timeout)) // a connection that has none fails at the write
	if _, err := conn.Write(a.text(r)); err != nil {
		conn.Close()
		return nil, err
	}
	out, err := a.receive(conn, r.method)
	if err != nil || out.conn == nil {
		conn.Close()
	}
	return out, err
}

// text is a request as it goes over the connection.
func (a *attack) text(r request) []byte {
	if r.method == "" {
		r.method = http.MethodGet
	}
	if r.protocol == "" {
		r.protocol = "HTTP/1.1"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\nHost: %s\r\n", r.method, r.target, r.protocol, a.site.Host)
	for _, line := range r.lines {
		b.WriteString(line + "\r\n")
	}
	for _, line := range []string{"User-Agent: coatcheck-doctor", "Connection: close"} {
		name, _, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(r.lines, func(own string) bool { return strings.HasPrefix(own, name) }) {
			b.WriteString(line + "\r\n")
		}
	}
	b.WriteString("\r\n" + r.body)
	return b.Bytes()
}

// dial connects to the site. Certificates are checked as browsers do.
func (a *attack) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", a.address())
	if err != nil || a.site.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: a.site.Hostname()})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

var errHints = errors.New("probe: too many informational answers")

// receive reads an answer, past those that only inform.
func (a *attack) receive(conn net.Conn, method string) (*response, error) {
	in := bufio.NewReader(io.LimitReader(conn, 2*maxAnswer))
	for range 5 {
		r, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return nil, err
		}
		switch {
		case r.StatusCode == http.StatusSwitchingProtocols:
			return &response{status: r.StatusCode, header: r.Header, in: in, conn: conn}, nil
		case r.StatusCode < 200:
			continue
		}
		defer r.Body.Close()
		body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
		if err != nil && len(body) == 0 {
			return nil, err
		}
		return a.took(r.StatusCode, r.Header, body), nil
	}
	return nil, errHints
}

// took notes what every answer tells.
func (a *attack) took(status int, header http.Header, body []byte) *response {
	out := &response{status: status, header: header, body: body}
	a.set = append(a.set, header["Set-Cookie"]...)
	for name := range header {
		if identity[echo.Plain(name)] {
			a.leaked = append(a.leaked, name)
		}
	}
	report := new(echo.Report)
	if json.Unmarshal(body, report) == nil && report.ID != "" {
		out.report = report
	}
	return out
}

// web is for what a library has to send: HTTP/2, and plain http elsewhere. It follows no redirect.
func (a *attack) web(ctx context.Context, target string, header http.Header) (*http.Response, *response, error) {
	if a.sent++; a.sent > maxRequests {
		return nil, nil, errMany
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header = header
	transport := &http.Transport{ForceAttemptHTTP2: true, DisableKeepAlives: true, DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, nil, err
	}
	return response, a.took(response.StatusCode, response.Header, body), nil
}
