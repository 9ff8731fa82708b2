package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What a body may have. A check brings no more than a Cookie header; data is bounded by session.Options as well.
const (
	maxBody     = 64 << 10
	maxDataBody = 1 << 20
)

// readBody reads a body of at most limit bytes as one JSON object into v. Members that there are not, and those that
// stand there twice, are refused, and so is what is not UTF-8: two readers could take it differently. A false return
// means that the request was answered. The text is returned for those who compare requests.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, v any) (text []byte, ok bool) {
	if r.URL.RawQuery != "" {
		badRequest("there are no parameters in the query here; everything is in the body").write(w)
		return nil, false
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		undelivered(err).write(w)
		return nil, false
	}
	if err := decode(text, v); err != nil {
		badRequest(err.Error()).write(w)
		return nil, false
	}
	return text, true
}

// undelivered is the answer to a body that could not be read.
func undelivered(err error) failure {
	if over := new(http.MaxBytesError); errors.As(err, &over) {
		message := fmt.Sprintf("the body is larger than %d bytes", over.Limit)
		return fail(http.StatusRequestEntityTooLarge, "too_large", message)
	}
	return badRequest("the body did not arrive whole")
}

// decode reads a JSON object. The error says where it is wrong, and quotes no value: that may be a secret.
func decode(text []byte, v any) error {
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("the body is no JSON object")
	}
	err := json.Unmarshal(text, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	syntax, semantic := new(jsontext.SyntacticError), new(json.SemanticError)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		errors.As(err, &syntax)
		return fmt.Errorf("the body has a name twice, at byte %d", syntax.ByteOffset)
	case errors.Is(err, json.ErrUnknownName):
		errors.As(err, &semantic)
		return fmt.Errorf("the body has a member that there is not here: %.80q", string(semantic.JSONPointer))
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is no JSON: see byte %d", syntax.ByteOffset)
	case errors.As(err, &semantic):
		return fmt.Errorf("the member %.80q is none of its kind", string(semantic.JSONPointer))
	}
	return errors.New("the body cannot be read")
}
