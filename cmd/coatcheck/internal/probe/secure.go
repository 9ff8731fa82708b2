package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// plainHTTP is the outcome for a site that is tried by plain http.
func (a *attack) plainHTTP(tried string) (Finding, error) {
	return unknown(tried, "the site is tried by plain http on this machine", "name its https address with --site")
}

func (a *attack) secure(ctx context.Context) (Finding, error) {
	const tried = "https, and old versions of it"
	if a.site.Scheme != "https" {
		ip := net.ParseIP(a.site.Hostname())
		if a.site.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return a.plainHTTP(tried)
		}
		return dangerous(tried, "the site is served by plain http: whoever is on the way reads and changes everything",
			"serve it by https: coatcheck serve --acme, or the proxy")
	}
	dialer := tls.Dialer{Config: &tls.Config{
		ServerName: a.site.Hostname(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	}}
	if a.sent++; a.sent > maxRequests {
		return Finding{Tried: tried}, errMany
	}
	if conn, err := dialer.DialContext(ctx, "tcp", a.address()); err == nil {
		conn.Close()
		return dangerous(tried, "TLS 1.1 is spoken, which RFC 8996 forbids",
			"let the proxy speak TLS 1.2 and 1.3 alone")
	}
	return ok(tried, "https with a good certificate, by TLS 1.2 or later")
}

func (a *attack) redirect(ctx context.Context) (Finding, error) {
	tried := "the way from plain http to https"
	switch {
	case a.site.Scheme != "https":
		return a.plainHTTP(tried)
	case a.Plain == "":
		return unknown(tried, "nobody knows where the site is by plain http", "name that with --plain")
	}
	response, _, err := a.web(ctx, strings.TrimSuffix(a.Plain, "/")+a.Probe, http.Header{})
	if errors.Is(err, syscall.ECONNREFUSED) {
		return ok(tried, "nobody answers by plain http")
	}
	if err != nil {
		return Finding{Tried: tried}, err
	}
	to, err := url.Parse(response.Header.Get("Location"))
	if err == nil && response.StatusCode/100 == 3 && to.Scheme == "https" && to.Hostname() == a.site.Hostname() {
		return ok(tried, "plain http leads to https")
	}
	return dangerous(tried, fmt.Sprintf("%s is answered %d, and does not lead to https", a.Plain, response.StatusCode),
		"answer plain http with 308 to https and nothing else: coatcheck serve --redirect-from :80, or the proxy")
}

func (a *attack) strict(context.Context) (Finding, error) {
	const tried = "Strict-Transport-Security"
	if a.site.Scheme != "https" {
		return a.plainHTTP(tried)
	}
	said := a.visitor.header["Strict-Transport-Security"]
	for _, line := range said {
		for part := range strings.SplitSeq(line, ";") {
			name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			if n, err := strconv.Atoi(strings.Trim(v, `"`)); strings.EqualFold(name, "max-age") && err == nil && n > 0 {
				return ok(tried, "browsers come back by https alone")
			}
		}
	}
	return dangerous(tried, "no answer has it: a browser that is told http:// goes there",
		"set it, and begin with an hour: coatcheck serve --hsts 1h, or the proxy")
}
