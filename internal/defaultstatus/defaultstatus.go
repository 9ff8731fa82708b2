// Package defaultstatus answers with another status than 200 where a handler writes none.
package defaultstatus

import "net/http"

// Writer returns w with a default status. Informational statuses (1xx) leave it open.
func Writer(w http.ResponseWriter, status int) http.ResponseWriter { return &writer{w, status} }

type writer struct {
	http.ResponseWriter
	status int // still to be written; 0 if one was
}

func (w *writer) WriteHeader(status int) {
	if status >= 200 {
		w.status = 0
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(b []byte) (int, error) {
	if w.status != 0 {
		w.WriteHeader(w.status)
	}
	return w.ResponseWriter.Write(b)
}

func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
