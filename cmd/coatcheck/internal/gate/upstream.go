package gate

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/plainhttp"
	"coatcheck.dev/session"
)

const (
	flushInterval  = 10 * time.Millisecond // how long a part of an answer of known length may wait for more
	dialTimeout    = 5 * time.Second
	maxIdle        = 100      // connections that are kept open to the app
	maxAnswerBytes = 64 << 10 // of headers in an answer
)

// newTransport returns the way to the app. It uses no proxy of the environment and leaves the body's encoding alone.
func newTransport(opts Options) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  max(opts.AnswerTimeout, 0),
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxAnswerBytes,
		DisableCompression:     true,
	}
}

// A storeFailure says that the store could not do what an answer asks for.
type storeFailure struct{ error }

func (f *storeFailure) Unwrap() error { return f.error }

// failed answers instead of the app.
func (g *gate) failed(w http.ResponseWriter, r *http.Request, err error) {
	log := g.opts.Log.With("method", r.Method, "path", pathOf(r))
	var refused *fault
	var failure *storeFailure
	var netErr net.Error
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if status, err := r.Context().Value(exchangeKey{}).(*exchange).body.fault(); status != 0 {
		log.Debug("the client's body broke off", "status", status, "error", err)
		header.Set("Connection", "close") // nothing tells where the next request would begin
		http.Error(w, "The body of this request is malformed, too large or too slow.", status)
		return
	}
	switch {
	case errors.As(err, &refused):
		log.Error("the app's answer was refused", "header", refused.header, "reason", refused.reason)
		http.Error(w, "The application gave an answer that Coatcheck refused. Its log says why.", http.StatusBadGateway)
	case errors.Is(err, session.ErrPlainHTTP): // which is an event
		http.Error(w, plainhttp.Refused, http.StatusForbidden)
	case errors.As(err, &failure):
		log.Error("the app's answer could not be obeyed", "error", err)
		header.Set("Retry-After", "5")
		http.Error(w, "Temporarily unavailable. Please try again in a moment.", http.StatusServiceUnavailable)
	case r.Context().Err() != nil:
		log.Debug("the client went away", "reason", context.Cause(r.Context()))
		w.WriteHeader(http.StatusBadGateway) // for nobody
	case errors.As(err, &netErr) && netErr.Timeout():
		log.Error("the app did not answer in time", "upstream", g.opts.Upstream.Host, "error", err)
		http.Error(w, "The application did not answer in time.", http.StatusGatewayTimeout)
	default:
		log.Error("the app cannot be reached", "upstream", g.opts.Upstream.Host, "error", err)
		http.Error(w, "The application cannot be reached. Please try again in a moment.", http.StatusBadGateway)
	}
}

// pathOf returns the path of a request for the log, without the query, which may have secrets.
func pathOf(r *http.Request) string {
	const enough = 200
	path := r.URL.Path
	return path[:min(len(path), enough)]
}
