package httpserver

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/event"
)

// ToHTTPS answers plain http with the way to the same place by https: at port or, if the request names none, at bare.
// The host is the one that was asked for. A request without a host gets 400. Methods and bodies stay (308).
func ToHTTPS(port, bare int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // a browser has no more to say here
		host := event.HostName(r.Host)
		if host == "" || strings.ContainsAny(host, "/\\@?#%[] \t") {
			http.Error(w, "This request names no host.", http.StatusBadRequest)
			return
		}
		at := port
		if _, _, err := net.SplitHostPort(r.Host); err != nil {
			at = bare
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if at != 443 {
			host += ":" + strconv.Itoa(at)
		}
		to := url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		if !strings.HasPrefix(to.Path, "/") {
			to.Path, to.RawPath = "/", ""
		}
		w.Header().Set("Location", to.String())
		w.WriteHeader(http.StatusPermanentRedirect)
	})
}

// Strict has browsers come by https alone from now on, for so long (RFC 6797). It says so only where they have come by
// https, as the RFC demands (section 7.2).
func Strict(next http.Handler, age time.Duration, subdomains bool) http.Handler {
	value := "max-age=" + strconv.FormatInt(int64(age/time.Second), 10)
	if subdomains {
		value += "; includeSubDomains"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			w.Header()["Strict-Transport-Security"] = []string{value}
		}
		next.ServeHTTP(w, r)
	})
}
