package session

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
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

// capabilities are the optional methods of a writer, one bit each.
type capabilities uint8

const (
	canFlush capabilities = 1 << iota
	canHijack
	canReadFrom
)

func capabilitiesOf(w http.ResponseWriter) (c capabilities) {
	if reaches[http.Flusher](w) || reaches[interface{ FlushError() error }](w) {
		c |= canFlush
	}
	if reaches[http.Hijacker](w) {
		c |= canHijack
	}
	if _, ok := w.(io.ReaderFrom); ok {
		c |= canReadFrom
	}
	return c
}

// writers remembers what was found out about the type of writer that was met last: a server has one, or one for each
// version of HTTP. Asking anew for every request would cost more than finding the session. Of a type that wraps another
// nothing is remembered, because it is the inner one that decides.
type writers struct{ last atomic.Pointer[writerType] }

type writerType struct {
	of  reflect.Type
	can capabilities
}

func (k *writers) capabilities(w http.ResponseWriter) capabilities {
	of := reflect.TypeOf(w)
	if last := k.last.Load(); last != nil && last.of == of {
		return last.can
	}
	can := capabilitiesOf(w)
	if _, wraps := w.(interface{ Unwrap() http.ResponseWriter }); !wraps {
		k.last.Store(&writerType{of, can})
	}
	return can
}

// wrap returns the response in the type that has the same optional methods as the writer it stands for.
func (k *writers) wrap(w *response) http.ResponseWriter {
	switch k.capabilities(w.inner) {
	case canFlush | canHijack | canReadFrom:
		return full{w}
	case canFlush | canHijack:
		return fhWriter{w}
	case canFlush | canReadFrom:
		return frWriter{w}
	case canHijack | canReadFrom:
		return hrWriter{w}
	case canFlush:
		return fWriter{w}
	case canHijack:
		return hWriter{w}
	case canReadFrom:
		return rWriter{w}
	}
	return bare{w}
}

// reaches reports whether http.ResponseController would find a method, in the writer or in one that it wraps. If the
// wrapped response did not have it, the controller would find the inner one past the response, and the first byte would
// go out without the cookie.
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
