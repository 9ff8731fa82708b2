package api

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"

	"coatcheck.dev/session"
)

// A shown session is all that there is to know of one, by its handle.
type shown struct {
	entry
	Data  json.RawMessage `json:"data"`
	Sizes map[string]int  `json:"sizes"` // bytes by key, also of what the caller may not see
	Auth  []proof         `json:"auth"`
	left
}

// show says what there is of a session. That is no use of it.
func (s sessions) show(w http.ResponseWriter, r *http.Request) {
	s.look(w, r, func(*session.Session) {})
}

// use notes that a session is used, although no request of its browser tells of it.
func (s sessions) use(w http.ResponseWriter, r *http.Request) {
	if !empty(w, r) {
		return
	}
	s.look(w, r, (*session.Session).Use)
}

// look does something to the session of a handle, and says what there is of it then.
func (s sessions) look(w http.ResponseWriter, r *http.Request, do func(*session.Session)) {
	handle, ok := handleOf(w, r)
	if !ok {
		return
	}
	var is shown
	note := unnoted
	err := s.manager.Update(r.Context(), handle, func(visitor *session.Session) error {
		do(visitor)
		info, _ := visitor.Info()
		var data json.RawMessage
		data, note = s.seenBy(r, visitor)
		is = shown{newEntry(info), data, sizes(visitor), proofs(visitor.Auth()), leftOf(visitor)}
		return nil
	})
	if err != nil {
		failureOf(err).write(w)
		return
	}
	note()
	answer(w, http.StatusOK, is)
}

// empty refuses a body where there is nothing to say, but for an empty object. A false return means that the request
// was answered.
func empty(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength == 0 {
		return true
	}
	body := bufio.NewReader(r.Body)
	if _, err := body.Peek(1); err == io.EOF && r.ContentLength < 0 {
		return true // chunked, and there are none
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	_, ok := readBody(w, r, maxBody, new(struct{}))
	return ok
}
