package echo

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// An output is an answer, written with its lines in this order.
type output struct {
	status  int
	kind    string // Content-Type; text/plain by default
	caching string // Cache-Control; no-store by default
	header  []Line
	body    []byte
	trailer []Line // makes the body one of chunks
}

func (a *output) add(name, value string) *output {
	a.header = append(a.header, Line{name, value})
	return a
}

// write writes an answer. The connection ends with it.
func (x *conversation) write(a *output) error {
	var b bytes.Buffer
	x.head(&b, a)
	bodiless := a.status < 200 || a.status == http.StatusNoContent || a.status == http.StatusNotModified
	switch {
	case bodiless:
		b.WriteString("\r\n")
	case len(a.trailer) > 0:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if x.report.Method != http.MethodHead {
			fmt.Fprintf(&b, "%x\r\n%s\r\n0\r\n", len(a.body), a.body)
			writeLines(&b, a.trailer)
			b.WriteString("\r\n")
		}
	default:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(a.body))
		if x.report.Method != http.MethodHead {
			b.Write(a.body)
		}
	}
	_, err := x.conn.Write(b.Bytes())
	return err
}

// head writes the status line and the header, but for how long the body is.
func (x *conversation) head(b *bytes.Buffer, a *output) {
	kind, caching := a.kind, a.caching
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	if caching == "" {
		caching = "no-store"
	}
	fmt.Fprintf(b, "HTTP/1.1 %03d %s\r\nDate: %s\r\n", a.status, http.StatusText(a.status),
		time.Now().UTC().Format(http.TimeFormat))
	writeLines(b, []Line{
		{"Content-Type", kind}, {"Cache-Control", caching}, {"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"},
		{"Connection", "close"},
	})
	writeLines(b, a.header)
}

// writeLines writes lines of a header. What a request said never begins another line.
func writeLines(b *bytes.Buffer, lines []Line) {
	for _, l := range lines {
		fmt.Fprintf(b, "%s: %s\r\n", l.Name, strings.NewReplacer("\r", "", "\n", "").Replace(l.Value))
	}
}
