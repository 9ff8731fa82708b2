package session

import (
	"errors"
	"net/http"

	"coatcheck.dev/internal/defaultstatus"
)

// withheld are the headers of a response that does not go out.
var withheld = []string{
	"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Location", "Content-Range", "Content-Type", "Etag", "Last-Modified", "Location", "Set-Cookie", "Trailer",
}

// refuse answers a request for which the store cannot tell whether there is a session, or whose changes cannot be
// saved.
func (m *Manager) refuse(w http.ResponseWriter, r *http.Request, err error) {
	header := w.Header()
	for _, name := range withheld {
		delete(header, name)
	}
	header.Set("Cache-Control", "no-store")
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrTooLarge) {
		m.opts.Conflict.ServeHTTP(defaultstatus.Writer(w, http.StatusConflict), r)
		return
	}
	header.Set("Retry-After", "5")
	m.opts.Unavailable.ServeHTTP(defaultstatus.Writer(w, http.StatusServiceUnavailable), r)
}
