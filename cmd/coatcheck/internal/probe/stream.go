package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// socket opens a WebSocket and waits for a word to come back.
func (a *attack) socket(ctx context.Context) (Finding, error) {
	const tried = "a WebSocket"
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	got, err := a.get(ctx, a.Probe+"/socket", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: "+key, "Origin: "+a.site.Scheme+"://"+a.site.Host)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	const fix = "pass Upgrade and Connection on (nginx: proxy_http_version 1.1 and proxy_set_header for both)"
	if got.conn == nil {
		return dangerous(tried, fmt.Sprintf("the handshake is answered %d", got.status), fix)
	}
	defer got.conn.Close()
	if got.header.Get("Sec-WebSocket-Accept") != echo.Accept(key) {
		return dangerous(tried, "the handshake is answered wrongly", fix)
	}
	// A frame of text, masked with zeros, as RFC 6455, section 5.2, has it.
	if _, err := got.conn.Write([]byte("\x81\x85\x00\x00\x00\x00hello")); err != nil {
		return Finding{Tried: tried}, err
	}
	back := make([]byte, 7)
	if _, err := io.ReadFull(got.in, back); err != nil || string(back) != "\x81\x05hello" {
		return dangerous(tried, "it was opened, and no word came back", fix)
	}
	return ok(tried, "a WebSocket is opened, and carries words both ways")
}

const (
	streamSeconds = 20
	eventWithin   = 12 * time.Second
)

// events waits for the second event of a stream, which a proxy that buffers keeps until the stream ends. The first one
// may come along with the header.
func (a *attack) events(ctx context.Context) (Finding, error) {
	const tried = "an event stream"
	if a.sent++; a.sent > maxRequests {
		return Finding{Tried: tried}, errMany
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(eventWithin)) // a connection that has none fails at the write
	target := fmt.Sprintf("%s/events?seconds=%d", a.Probe, streamSeconds)
	if _, err := conn.Write(a.text(request{target: target, lines: []string{"Accept: text/event-stream"}})); err != nil {
		return Finding{Tried: tried}, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil { // the body is not closed, because that would wait for the end of the stream
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if lines.Text() == "data: 1" {
				return ok(tried, "an event arrives when it is sent")
			}
		}
		err = lines.Err()
	}
	if err == nil {
		return dangerous(tried, fmt.Sprintf("it is answered %d", response.StatusCode), "let the proxy pass streams on")
	}
	return dangerous(tried, fmt.Sprintf("no second event has come within %v", eventWithin),
		"have the proxy pass on what it gets at once (nginx: proxy_buffering off), and not wait for the end")
}
