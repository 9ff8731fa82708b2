package session

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// The types below add to a response exactly those optional methods that the writer it stands for has: a handler that
// asks for one by type assertion gets the same answer as without Coatcheck. Each is one pointer, so that none costs an
// allocation.
type (
	bare     struct{ *response }
	fWriter  struct{ *response }
	hWriter  struct{ *response }
	rWriter  struct{ *response }
	fhWriter struct{ *response }
	frWriter struct{ *response }
	hrWriter struct{ *response }
	full     struct{ *response }
)

// disguise returns the response in the type that has the optional methods of the inner writer.
func (w *response) disguise() http.ResponseWriter {
	_, r := w.inner.(io.ReaderFrom)
	f := reaches[http.Flusher](w.inner) || reaches[interface{ FlushError() error }](w.inner)
	h := reaches[http.Hijacker](w.inner)
	switch {
	case f && h && r:
		return full{w}
	case f && h:
		return fhWriter{w}
	case f && r:
		return frWriter{w}
	case h && r:
		return hrWriter{w}
	case f:
		return fWriter{w}
	case h:
		return hWriter{w}
	case r:
		return rWriter{w}
	}
	return bare{w}
}

// reaches reports whether http.ResponseController would find a method, in the writer or in one that it wraps. If the
// disguise did not have it, the controller would find the inner one past the response, and the first byte would go out
// without the cookie.
func reaches[T any](w http.ResponseWriter) bool {
	for {
		if _, ok := w.(T); ok {
			return true
		}
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = outer.Unwrap()
	}
}

func (w fWriter) Flush()  { w.flush() }
func (w fhWriter) Flush() { w.flush() }
func (w frWriter) Flush() { w.flush() }
func (w full) Flush()     { w.flush() }

func (w fWriter) FlushError() error  { return w.flushError() }
func (w fhWriter) FlushError() error { return w.flushError() }
func (w frWriter) FlushError() error { return w.flushError() }
func (w full) FlushError() error     { return w.flushError() }

func (w hWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w fhWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w hrWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w full) Hijack() (net.Conn, *bufio.ReadWriter, error)     { return w.hijack() }

func (w rWriter) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w frWriter) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }
func (w hrWriter) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }
func (w full) ReadFrom(src io.Reader) (int64, error)     { return w.readFrom(src) }
