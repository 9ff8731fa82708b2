package echo

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A Report is what reached the echo.
type Report struct {
	ID       string `json:"id"` // another one in each answer: twice the same came from a cache
	Method   string `json:"method"`
	Target   string `json:"target"` // as in the request line
	Protocol string `json:"protocol"`
	Host     string `json:"host"`
	Header   []Line `json:"header"`
	Trailer  []Line `json:"trailer"`
	Body     int64  `json:"body"`    // bytes
	Listens  string `json:"listens"` // the address at which the connection arrived
}

// Values returns the values of a header, with the name in exactly this spelling or, loosely, in any that some server
// takes for the same: whatever the case, and with any sign in place of "-".
func (r *Report) Values(name string, loosely bool) (values []string) {
	for _, l := range r.Header {
		if l.Name == name || loosely && Plain(l.Name) == Plain(name) {
			values = append(values, l.Value)
		}
	}
	return values
}

// Plain returns a header's name as the loosest of servers reads it: in lower case, with "-" for every sign that is
// neither letter nor digit, and without white space around it.
func Plain(name string) string {
	return strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(strings.TrimSpace(name)))
}

// Digest is what stands for a secret value: its length, and enough of its SHA-256 to know it again.
func Digest(value string) string {
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(value))
	return fmt.Sprintf("(%d bytes, sha256 %s)", len(value), hex.EncodeToString(sum[:8]))
}

// secret has the headers, by Plain, whose values are shown as a digest.
var secret = map[string]bool{
	"cookie": true, "authorization": true, "proxy-authorization": true, "coatcheck-data": true,
	"coatcheck-csrf-token": true, "x-csrf-token": true,
}

// A conversation is a request and its answer.
type conversation struct {
	server *Server
	ctx    context.Context // done when the server ends
	conn   net.Conn
	in     *bufio.Reader

	report Report // with secrets
	path   string
	query  url.Values // of the target, and of a form
	html   bool       // a browser asks for a page
}

// read reads the request.
func (x *conversation) read() error {
	lines, err := readLines(x.in, maxHead)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return refuse(http.StatusBadRequest, "an empty line is no request")
	}
	r := &x.report
	if r.Method, r.Target, r.Protocol, err = parseRequestLine(lines[0]); err != nil {
		return err
	}
	r.ID, r.Listens = rand.Text()[:12], x.conn.LocalAddr().String()
	r.Header = parseHeader(lines[1:])
	r.Host = first(r.Header, "Host")
	if strings.EqualFold(first(r.Header, "Expect"), "100-continue") {
		if _, err := x.conn.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
			return err
		}
	}
	kept, size, trailer, err := readBody(x.in, r.Header)
	if err != nil {
		return err
	}
	r.Body, r.Trailer = size, append([]Line{}, trailer...)
	return x.parse(kept)
}

// parse finds out what is asked for.
func (x *conversation) parse(body []byte) error {
	u, err := url.ParseRequestURI(x.report.Target)
	if err != nil {
		return refuse(http.StatusBadRequest, "the target %.80q is none", x.report.Target)
	}
	x.path, x.query = u.Path, u.Query()
	x.html = strings.Contains(first(x.report.Header, "Accept"), "text/html")
	if strings.HasPrefix(first(x.report.Header, "Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return refuse(http.StatusBadRequest, "the form is malformed")
		}
		for name, values := range form {
			x.query[name] = append(x.query[name], values...)
		}
	}
	return nil
}

// shown is the report without secrets, unless they are to be shown.
func (x *conversation) shown() *Report {
	r := x.report
	if x.server.opts.ShowSecrets {
		return &r
	}
	r.Header, r.Trailer = veiled(r.Header), veiled(r.Trailer)
	return &r
}

func veiled(header []Line) []Line {
	out := make([]Line, 0, len(header))
	for _, l := range header {
		if secret[Plain(l.Name)] {
			l.Value = Digest(l.Value)
		}
		out = append(out, l)
	}
	return out
}

// told is the answer that says what reached the echo.
func (x *conversation) told() *output {
	body, err := json.MarshalIndent(x.shown(), "", "  ")
	if err != nil {
		return &output{status: http.StatusInternalServerError}
	}
	return &output{status: http.StatusOK, kind: "application/json", body: append(body, '\n')}
}
