package httpserver

import (
	"io"
	"net/http"
	"time"
)

// within has clients send each body in that time, in all.
func within(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			conn := http.NewResponseController(w)
			if conn.SetReadDeadline(time.Now().Add(timeout)) == nil {
				r.Body = &timedBody{r.Body, conn}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// A timedBody is a body whose connection has a deadline.
type timedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Read takes the deadline away when the body is over: the handler may go on for longer, and is told that the client has
// left when the connection cannot be read.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}
