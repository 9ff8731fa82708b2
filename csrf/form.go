package csrf

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxForm is how much of a form is looked through for its token, in bytes.
const maxForm = 64 << 10

// findToken returns the token of a request: that of the header, or else that of a form in the body. It is "" if there
// is none, and if there are several. Bodies of other kinds (multipart, JSON) are not touched.
func findToken(r *http.Request) string {
	if lines := r.Header.Values(HeaderName); len(lines) > 0 {
		return only(lines)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != formType {
		return ""
	}
	if r.PostForm != nil { // somebody has read the body already
		return only(r.PostForm[FieldName])
	}
	if r.Body == nil || r.Body == http.NoBody {
		return ""
	}
	var head []byte
	head, r.Body = peek(r.Body, maxForm)
	return only(fieldOf(head, FieldName))
}

const formType = "application/x-www-form-urlencoded"

func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// fieldOf returns the values of a field in the beginning of a form. Where the form goes on, its last field may be cut
// off, and does not count.
func fieldOf(head []byte, name string) []string {
	if len(head) == maxForm {
		head = head[:max(0, bytes.LastIndexByte(head, '&'))]
	}
	values, _ := url.ParseQuery(string(head)) // what is malformed is left out, as it is for the handler
	return values[name]
}

// peek returns the first n bytes of a body, and the whole body again.
func peek(body io.ReadCloser, n int64) ([]byte, io.ReadCloser) {
	head, err := io.ReadAll(io.LimitReader(body, n))
	rest := io.Reader(body)
	if err != nil {
		rest = broken{err}
	}
	return head, &peeked{io.MultiReader(bytes.NewReader(head), rest), body}
}

// peeked is a body whose beginning was read already.
type peeked struct {
	io.Reader
	io.Closer
}

// broken is what follows after a body has failed.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
