package csrf

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// EventKind is the name of a refused request in the OWASP logging vocabulary.
const EventKind = "malicious_csrf"

// An Event tells of a request that was refused, or would have been. Everything in it but At, Address, Refused and Err
// was written by the client, and is cut to a few hundred bytes.
type Event struct {
	At      time.Time
	Address string // of the client
	Method  string
	Host    string // that the request was for
	Path    string
	Origin  string // header
	Site    string // header Sec-Fetch-Site
	Refused bool   // false with Options.InsecureReportOnly
	Err     error  // how it could be told
}

// An Observer is told of events.
type Observer func(Event)

// LogEvents returns an observer that writes events to a logger, as warnings.
func LogEvents(log *slog.Logger) Observer {
	return func(e Event) {
		log.LogAttrs(context.Background(), slog.LevelWarn, EventKind, slog.Time("at", e.At), slog.String("address", e.Address),
			slog.String("method", e.Method), slog.String("host", e.Host), slog.String("path", e.Path), slog.String("origin", e.Origin),
			slog.String("site", e.Site), slog.Bool("refused", e.Refused), slog.Any("reason", e.Err))
	}
}

func (g *Guard) report(r *http.Request, err error) {
	if len(g.opts.Observers) == 0 {
		return
	}
	address, _, splitErr := net.SplitHostPort(r.RemoteAddr)
	if splitErr != nil {
		address = r.RemoteAddr
	}
	e := Event{
		At: time.Now(), Address: address, Method: clip(r.Method), Host: clip(r.Host), Path: clip(r.URL.Path),
		Origin: clip(r.Header.Get("Origin")), Site: clip(r.Header.Get("Sec-Fetch-Site")),
		Refused: !g.opts.InsecureReportOnly, Err: err,
	}
	for _, observe := range g.opts.Observers {
		observe(e)
	}
}

func clip(s string) string { return s[:min(len(s), 256)] }
