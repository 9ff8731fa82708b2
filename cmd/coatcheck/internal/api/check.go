package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// proof is how a user proved who they are.
type proof struct {
	Method string    `json:"method"`
	At     time.Time `json:"at"`
	Level  int       `json:"level"`
}

func proofs(auth []store.Auth) []proof {
	all := make([]proof, 0, len(auth))
	for _, a := range auth {
		all = append(all, proof{a.Method, a.At.UTC(), a.Level})
	}
	return all
}

// left is how much time a session has, in seconds.
type left struct {
	Idle  int64 `json:"idle_seconds"` // if it is not used
	Total int64 `json:"seconds"`      // at most
}

func leftOf(s *session.Session) left {
	idle, total := s.Left()
	return left{int64(idle / time.Second), int64(total / time.Second)}
}

// The states of an answer to a check.
const (
	stateValid = "valid"
	stateNone  = "none"
)

// A checked is the answer to a check.
type checked struct {
	State  string          `json:"state"`
	User   string          `json:"user"`
	Handle string          `json:"handle"`
	Data   json.RawMessage `json:"data"`
	Auth   []proof         `json:"auth"`
	left
	passed
}

// text is the answer as JSON, without the reflection of a marshaller: services ask at each of their requests.
func (c *checked) text() []byte {
	b := make([]byte, 0, 512+len(c.Data))
	b = quoted(b, `{"state":`, c.State)
	b = quoted(b, `,"user":`, c.User)
	b = quoted(b, `,"handle":`, c.Handle)
	b = append(append(b, `,"data":`...), c.Data...)
	b = append(b, `,"auth":[`...)
	for i, p := range c.Auth {
		if i > 0 {
			b = append(b, ',')
		}
		b = quoted(b, `{"method":`, p.Method)
		b = p.At.AppendFormat(append(b, `,"at":"`...), time.RFC3339Nano)
		b = append(strconv.AppendInt(append(b, `","level":`...), int64(p.Level), 10), '}')
	}
	b = strconv.AppendInt(append(b, `],"idle_seconds":`...), c.Idle, 10)
	b = strconv.AppendInt(append(b, `,"seconds":`...), c.Total, 10)
	rest, _ := json.Marshal(c.passed) // of texts
	b = append(b, ',')
	return append(b, rest[1:]...)
}

// quoted appends a JSON string after what stands before it.
func quoted(b []byte, before, value string) []byte {
	b, _ = jsontext.AppendQuote(append(b, before...), value) // what is not UTF-8 is replaced
	return b
}

// check says who is behind a request. Only a user who is signed in is valid: a service that looks no further than the
// state must not take a visitor with a cart for one.
func (s sessions) check(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		guest
		Passive bool `json:"passive"`
	}
	if _, ok := readBody(w, r, maxBody, &asked); !ok {
		return
	}
	site, done, ok := s.at(w, &asked.guest)
	if !ok {
		return
	}
	defer done()
	is, note := checked{State: stateNone}, unnoted
	told, err := s.visit(r.Context(), site, &asked.guest, asked.Ticket != nil, func(visitor *session.Session) error {
		if asked.Passive {
			visitor.Passive()
		}
		if visitor.Unknown() {
			return errUnknown
		}
		if is.User = visitor.User(); is.User != "" {
			is.State = stateValid
		}
		if handle := visitor.Handle(); !handle.IsZero() {
			is.Handle, is.left, is.Auth = handle.String(), leftOf(visitor), proofs(visitor.Auth())
		}
		is.Data, note = s.seenBy(r, visitor)
		return nil
	})
	if err != nil {
		unknown.write(w)
		return
	}
	if is.Data == nil {
		is.Data = json.RawMessage("{}")
	}
	is.passed = told
	note()
	write(w, http.StatusOK, is.text())
}

// at returns a visitor's site, and what to call in the end. A false return means that the request was answered.
func (s sessions) at(w http.ResponseWriter, v *guest) (site *Site, done func(), ok bool) {
	if err := v.check(); err != nil {
		badRequest(err.Error()).write(w)
		return nil, nil, false
	}
	if s.sites == nil {
		return &Site{Sessions: s.manager}, func() {}, true
	}
	if site, done = s.sites(v.Site); site == nil {
		badRequest("there is no site of this host").write(w)
		return nil, nil, false
	}
	return site, done, true
}
