package gate

import (
	"io"
	"net/http"
)

// An answer stands before the http.ResponseWriter of one exchange.
type answer struct {
	http.ResponseWriter
	refused bool // the session answered with an error of its own instead
}

// WriteHeader lets informational answers through without what is not for the browser: they come past answered. Cookies
// in them are Coatcheck's to refuse, too, and no browser reads any there.
func (a *answer) WriteHeader(status int) {
	if status < 200 {
		strip(a.Header(), reserved)
		a.Header().Del("Set-Cookie")
	}
	a.ResponseWriter.WriteHeader(status)
	if status >= 200 {
		// Only a write says whether the session could be saved. An empty one sends nothing.
		_, err := a.ResponseWriter.Write(nil)
		a.refused = err != nil
	}
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// settle runs when the proxy has ended. A failed write makes it abort the connection, which is right when the client is
// gone or the app broke off; when the session refused the answer, it would cut off what the session says instead.
func (a *answer) settle() {
	if !a.refused {
		return
	}
	if v := recover(); v != nil && v != http.ErrAbortHandler {
		panic(v)
	}
}

// A trailerFilter takes Coatcheck's headers out of the trailers that stand in a response once its body is closed.
type trailerFilter struct {
	io.ReadCloser
	res *http.Response
}

func (f *trailerFilter) Close() error {
	err := f.ReadCloser.Close()
	strip(f.res.Trailer, reserved)
	return err
}
