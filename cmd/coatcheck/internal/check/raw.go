package check

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// roundTrip gets the status and header of a response. net/http refuses a header with a control character, while
// browsers only drop the cookie. Such a response is read by hand.
func (f *Fetcher) roundTrip(r *http.Request) (status int, header http.Header, err error) {
	r.Header.Set("User-Agent", "coatcheck check")
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if slices.Contains(f.Hosts, r.URL.Host) {
		for name, values := range f.Header {
			if name == "Cookie" {
				values = append(values[:len(values):len(values)], r.Header[name]...)
				values = []string{strings.Join(values, "; ")}
			}
			r.Header[name] = values
		}
	}
	answer, err := f.transport.RoundTrip(originForm(r))
	if err == nil {
		f.page = pageHTML{refresh: refreshed(r.URL, answer.Header.Get("Refresh"))}
		if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == "text/html" ||
			kind == "application/xhtml+xml" {
			from := f.page.refresh
			f.page = readHTML(r.URL, answer.Body)
			f.page.refresh = cmp.Or(from, f.page.refresh)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header, nil
	}
	var malformed textproto.ProtocolError
	if transport, ok := f.transport.(*http.Transport); ok && errors.As(err, &malformed) {
		if status, header, rawErr := readRaw(transport, r); rawErr == nil {
			return status, header, nil
		}
	}
	return 0, nil, err
}

// originForm is a request whose target begins with its path, as browsers send it. A URL that is in Opaque, such as one
// with a lone percent sign, net/http would send whole, and some servers take that for the path.
func originForm(r *http.Request) *http.Request {
	rest, ok := strings.CutPrefix(r.URL.Opaque, "//"+r.URL.Host)
	if !ok || !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") {
		return r
	}
	u := *r.URL
	u.Opaque = rest
	r = r.Clone(r.Context())
	r.URL = &u
	return r
}

// readRaw makes the request once more, without a proxy, and reads the header line by line.
func readRaw(transport *http.Transport, r *http.Request) (status int, header http.Header, err error) {
	conn, err := dial(r.Context(), transport, r)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(r.Context(), func() { conn.Close() })()
	r = originForm(r).Clone(r.Context())
	r.Close = true
	if err := r.Write(conn); err != nil {
		return 0, nil, err
	}
	lines := bufio.NewScanner(io.LimitReader(conn, maxHeader))
	lines.Buffer(nil, maxHeader)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), ":")
		switch {
		case lines.Text() == "" && header != nil:
			return status, header, nil
		case header == nil: // HTTP/1.1 200 OK
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/1.") {
				return 0, nil, fmt.Errorf("%.40q is not a status line", lines.Text())
			}
			if status, err = strconv.Atoi(fields[1]); err != nil {
				return 0, nil, err
			}
			header = http.Header{}
		case ok:
			header.Add(name, strings.Trim(value, " \t"))
		}
	}
	return 0, nil, cmp.Or(lines.Err(), io.ErrUnexpectedEOF)
}

func dial(ctx context.Context, transport *http.Transport, r *http.Request) (net.Conn, error) {
	open := transport.DialContext
	if open == nil {
		open = (&net.Dialer{}).DialContext
	}
	host := r.URL.Hostname()
	port := cmp.Or(r.URL.Port(), map[string]string{"http": "80", "https": "443"}[r.URL.Scheme])
	conn, err := open(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil || r.URL.Scheme != "https" {
		return conn, err
	}
	config := transport.TLSClientConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.ServerName, config.NextProtos = host, nil
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}
