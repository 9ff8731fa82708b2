package gate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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
	t := &http.Transport{
		DialContext:            opts.dial,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  max(opts.AnswerTimeout, 0),
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxAnswerBytes,
		DisableCompression:     true,
	}
	if opts.UpstreamCA != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: opts.UpstreamCA}
	}
	if opts.Upstream.Scheme == "h2c" {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	return t
}

// dial connects to the app.
func (o *Options) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if o.Upstream.Scheme == "unix" {
		network, address = "unix", o.Upstream.Path
	}
	return dialer.DialContext(ctx, network, address)
}

// target returns scheme and host of the requests that go to the app.
func (o *Options) target() (scheme, host string) {
	switch o.Upstream.Scheme {
	case "unix":
		return "http", "localhost"
	case "h2c":
		return "http", o.Upstream.Host
	}
	return o.Upstream.Scheme, o.Upstream.Host
}

// checkUpstream reports what is wrong with where the app is, if anything.
func (o *Options) checkUpstream() error {
	u := o.Upstream
	if u != nil && u.Scheme == "unix" {
		if u.Host != "" || len(u.Path) < 2 || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return fmt.Errorf("the upstream %s must be unix: and the path of a socket, such as "+
				"unix:/run/app.sock", u.Redacted())
		}
		return nil
	}
	if u == nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "h2c" || u.Hostname() == "" {
		return errors.New("the upstream must be a URL such as http://127.0.0.1:3000, https://app.internal, " +
			"h2c://127.0.0.1:3000 or unix:/run/app.sock")
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("the upstream %s must have no more than scheme, host and port", u.Redacted())
	}
	if o.UpstreamCA != nil && u.Scheme != "https" {
		return fmt.Errorf("the upstream %s speaks no TLS, so no authority vouches for it", u)
	}
	return nil
}

// A storeFailure says that the store could not do what an answer asks for.
type storeFailure struct{ error }

func (f *storeFailure) Unwrap() error { return f.error }

// failed answers instead of the app.
func (g *Gate) failed(w http.ResponseWriter, r *http.Request, err error) {
	log := g.opts.Log.With("method", r.Method, "path", pathOf(r))
	var refused *fault
	var failure *storeFailure
	var netErr net.Error
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	x := r.Context().Value(exchangeKey{}).(*exchange)
	if x.answerEnd(w) {
		return
	}
	if status, err := x.body.fault(); status != 0 {
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
