package gate

import (
	"io"
	"net/http"
)

// An answer is the http.ResponseWriter of one exchange.
type answer struct{ http.ResponseWriter }

// WriteHeader takes out of an informational answer what is not for the browser, because such answers come past
// answered. No browser reads cookies there.
func (a answer) WriteHeader(status int) {
	if status < 200 {
		strip(a.Header(), reserved)
		a.Header().Del("Set-Cookie")
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// A trailerFilter takes what is unfit out of an answer's trailers. Once the body is closed all of them are there,
// announced or not.
type trailerFilter struct {
	io.ReadCloser
	res *http.Response
}

func (f *trailerFilter) Close() error {
	err := f.ReadCloser.Close()
	strip(f.res.Trailer, unfit)
	return err
}
