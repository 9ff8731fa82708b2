package session_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
)

// firstByte is a recorder that keeps a copy of the headers as they were when the first byte went out. It has no
// optional methods by itself.
type firstByte struct {
	*httptest.ResponseRecorder
	sent http.Header
}

func (w *firstByte) begin() {
	if w.sent == nil {
		w.sent = w.ResponseRecorder.Header().Clone()
	}
}

func (w *firstByte) Write(b []byte) (int, error) { w.begin(); return w.ResponseRecorder.Write(b) }
func (w *firstByte) WriteHeader(status int) {
	if status >= 200 {
		w.begin()
	}
	w.ResponseRecorder.WriteHeader(status)
}
func (w *firstByte) flush() { w.begin() }
func (w *firstByte) hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.begin()
	here, there := net.Pipe()
	_ = there.Close()
	return here, nil, nil
}
func (w *firstByte) readFrom(r io.Reader) (int64, error) {
	w.begin()
	return io.Copy(struct{ io.Writer }{w.ResponseRecorder}, r)
}

// plain has the three methods that every http.ResponseWriter has, and no more.
type plain struct{ w *firstByte }

func (p plain) Header() http.Header         { return p.w.Header() }
func (p plain) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p plain) WriteHeader(status int)      { p.w.WriteHeader(status) }

type (
	flusher    struct{ w *firstByte }
	hijacker   struct{ w *firstByte }
	readerFrom struct{ w *firstByte }
	flushError struct{ w *firstByte }
	unwrapper  struct{ inner http.ResponseWriter }
)

func (f flusher) Flush()                                        { f.w.flush() }
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.w.hijack() }
func (r readerFrom) ReadFrom(src io.Reader) (int64, error)      { return r.w.readFrom(src) }
func (f flushError) FlushError() error {
	f.w.flush()
	return errors.New("flushed with a complaint")
}
func (u unwrapper) Unwrap() http.ResponseWriter { return u.inner }

type innerWriter struct {
	name  string
	wrap  func(*firstByte) http.ResponseWriter
	exact bool // the handler's writer has the same optional methods, rather than those that Unwrap leads to
}

// innerWriters are all combinations of optional methods, and some that only http.ResponseController finds.
func innerWriters() []innerWriter {
	return []innerWriter{
		{"none", func(w *firstByte) http.ResponseWriter { return plain{w} }, true},
		{"F", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				flusher
			}{plain{w}, flusher{w}}
		}, true},
		{"H", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				hijacker
			}{plain{w}, hijacker{w}}
		}, true},
		{"R", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				readerFrom
			}{plain{w}, readerFrom{w}}
		}, true},
		{"FH", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				flusher
				hijacker
			}{plain{w}, flusher{w}, hijacker{w}}
		}, true},
		{"FR", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				flusher
				readerFrom
			}{plain{w}, flusher{w}, readerFrom{w}}
		}, true},
		{"HR", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				hijacker
				readerFrom
			}{plain{w}, hijacker{w}, readerFrom{w}}
		}, true},
		{"FHR", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				flusher
				hijacker
				readerFrom
			}{plain{w}, flusher{w}, hijacker{w}, readerFrom{w}}
		}, true},
		{"FlushError alone", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				flushError
			}{plain{w}, flushError{w}}
		}, false},
		{"F and H behind Unwrap", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				unwrapper
			}{plain{w}, unwrapper{struct {
				plain
				flusher
				hijacker
			}{plain{w}, flusher{w}, hijacker{w}}}}
		}, false},
		{"FlushError behind Unwrap", func(w *firstByte) http.ResponseWriter {
			return struct {
				plain
				unwrapper
			}{plain{w}, unwrapper{struct {
				plain
				flushError
			}{plain{w}, flushError{w}}}}
		}, false},
	}
}
