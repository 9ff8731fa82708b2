package gate

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// A clientBody is the body of a client's request on its way to the app. It bounds how slow the client may be, and keeps
// the error with which the body broke off, because that is not the app's failure.
type clientBody struct {
	io.ReadCloser
	conn    *http.ResponseController
	timeout time.Duration // for one pause; negative is any time
	begun   time.Time
	bytes   int64
	renew   time.Time // when the deadline that is set allows no whole pause any more
	broken  atomic.Pointer[error]

	in, out http.Header // trailers: the client's, whose values come with the body's end, and the app's
}

// slowest is how many bytes a second a client must send on average, beyond the time of one pause.
const slowest = 500

func newClientBody(w http.ResponseWriter, body io.ReadCloser, timeout time.Duration) *clientBody {
	return &clientBody{ReadCloser: body, conn: http.NewResponseController(w), timeout: timeout, begun: time.Now()}
}

func (b *clientBody) Read(p []byte) (int, error) {
	if b.timeout >= 0 {
		b.allow(time.Now())
	}
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	if err != nil && b.timeout >= 0 {
		_ = b.conn.SetReadDeadline(time.Time{}) // the next request on this connection has its own bounds
	}
	switch {
	case err == io.EOF:
		for name := range b.out {
			b.out[name] = b.in[name]
		}
	case err != nil:
		b.broken.Store(&err)
	}
	return n, err
}

// allow gives the client time for the next bytes. Of one that is fast the time is set once in a while, not at every
// read, and is longer by so much.
func (b *clientBody) allow(now time.Time) {
	slack := b.timeout / 16
	if now.Before(b.renew) {
		return
	}
	next := b.deadline(now, slack)
	b.renew = next.Add(-b.timeout)
	// A connection without deadlines is bounded by whoever made it.
	_ = b.conn.SetReadDeadline(next)
}

// deadline is when the next bytes have to be there.
func (b *clientBody) deadline(now time.Time, slack time.Duration) time.Time {
	pause := now.Add(b.timeout + slack)
	whole := b.begun.Add(b.timeout + time.Duration(b.bytes/slowest)*time.Second)
	if whole.Before(pause) {
		return whole
	}
	return pause
}

// fault returns the status that tells a client what was wrong with its body, and 0 if nothing was.
func (b *clientBody) fault() (status int, err error) {
	if b == nil || b.broken.Load() == nil {
		return 0, nil
	}
	err = *b.broken.Load()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, err
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, err
	}
	return http.StatusBadRequest, err
}
