package csrf

import (
	"net/http"

	"coatcheck.dev/event"
)

// report tells the observers of a request that another site made the browser send, or may have.
func (g *Guard) report(r *http.Request, err error, refused bool) {
	g.opts.Events.Send(event.Event{
		Kind: event.CrossSite, Address: event.ClientAddress(r, g.opts.TrustedProxies), Reason: err.Error(),
		Request: &event.Request{
			Method: clip(r.Method), Host: clip(r.Host), Path: clip(r.URL.Path), Origin: clip(r.Header.Get("Origin")),
			Site: clip(r.Header.Get("Sec-Fetch-Site")), Refused: refused,
		},
	})
}

func clip(s string) string { return s[:min(len(s), 256)] }
