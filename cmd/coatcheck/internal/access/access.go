// Package access tells what each request was: a line of the access log, and counts by route.
//
// A line has no secrets: neither the query of the URL nor any header but User-Agent. The user and the session are not
// named either, so that the log may be kept by people who must not know who was there.
package access

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"coatcheck.dev/event"
)

// Options say who is told. The zero value tells nobody.
type Options struct {
	Log     *slog.Logger   // gets one record of level Info for each request; nil is no log
	Count   func(Request)  // is told of each request; nil is nobody
	Proxies []netip.Prefix // whose word about the client's address counts
}

// A Request is one that was answered.
type Request struct {
	Route  string // the pattern of the route that it took; "" if it took none
	Status int    // 101 for one that has become a WebSocket
	Bytes  int64  // of the answer's body
	Took   time.Duration
}

type notedKey struct{}

// Handler watches what next answers.
func Handler(next http.Handler, o Options) http.Handler {
	if o.Log == nil && o.Count == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		answer := &noted{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), notedKey{}, answer))
		defer func() {
			answer.Took = time.Since(begun)
			o.tell(r, &answer.Request)
		}()
		next.ServeHTTP(answer, r)
		if answer.Status == 0 {
			answer.Status = http.StatusOK // as net/http answers then
		}
	})
}

// Took notes the route that the request of ctx takes.
func Took(ctx context.Context, route string) {
	if a, ok := ctx.Value(notedKey{}).(*noted); ok {
		a.Route = route
	}
}

// longest is how much of a text that a client chooses is logged.
const longest = 200

func (o *Options) tell(r *http.Request, got *Request) {
	if o.Count != nil {
		o.Count(*got)
	}
	if o.Log == nil {
		return
	}
	o.Log.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("client", event.ClientAddress(r, o.Proxies)), slog.String("method", cut(r.Method)),
		slog.String("host", cut(r.Host)), slog.String("path", cut(r.URL.Path)), slog.String("proto", r.Proto),
		slog.String("route", got.Route), slog.Int("status", got.Status), slog.Int64("bytes", got.Bytes),
		slog.Duration("took", got.Took), slog.String("agent", cut(r.UserAgent())))
}

func cut(text string) string { return text[:min(len(text), longest)] }

// A noted answer is one that is watched as it goes out.
type noted struct {
	http.ResponseWriter
	Request
}

// Unwrap is for http.ResponseController.
func (a *noted) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader, Write, Flush and Hijack are those of net/http.
func (a *noted) WriteHeader(status int) {
	if a.Status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.Status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *noted) Write(b []byte) (int, error) {
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.Bytes += int64(n)
	return n, err
}

func (a *noted) Flush() { _ = a.FlushError() }

func (a *noted) FlushError() error { return http.NewResponseController(a.ResponseWriter).Flush() }

func (a *noted) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, both, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil && a.Status == 0 {
		a.Status = http.StatusSwitchingProtocols
	}
	return conn, both, err
}
