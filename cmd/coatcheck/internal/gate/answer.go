package gate

import (
	"io"
	"net/http"
)

// An answer stands before the http.ResponseWriter of one exchange.
type answer struct{ http.ResponseWriter }

// WriteHeader lets informational answers through without what is not for the browser: they come past answered. Cookies
// in them are Coatcheck's to refuse, too, and no browser reads any there.
func (a answer) WriteHeader(status int) {
	if status < 200 {
		strip(a.Header(), reserved)
		a.Header().Del("Set-Cookie")
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// A trailerFilter takes out of an answer's trailers what is unfit. Announced or not, they are all there once the body is
// closed.
type trailerFilter struct {
	io.ReadCloser
	res *http.Response
}

func (f *trailerFilter) Close() error {
	err := f.ReadCloser.Close()
	strip(f.res.Trailer, unfit)
	return err
}
