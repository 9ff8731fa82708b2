package history

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/network"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A Query selects entries. What is zero selects nothing: the zero Query is for all of them.
type Query struct {
	Handle   store.ID     // of this session, also where it is the one that went before
	User     string       // exactly
	Actor    string       // exactly
	Kind     Kind         //
	Address  netip.Prefix // of a client or an operator in this network
	From, To span.Edge    // From is inclusive, To is not; one that moves along is before now
	After    Cursor       // start after this entry
	Limit    int          // at most so many; 0 means 50, and more than 1,000 means 1,000
}

// A Cursor is a place in a listing: that of the last entry on the page before.
type Cursor struct {
	At  time.Time
	seq int64
}

// cursorText is strict, so that each place has one text.
var cursorText = base64.RawURLEncoding.Strict()

// String returns the text that stands for a place, or "" for the zero one.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.At.UnixMicro()))
	return cursorText.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(c.seq)))
}

var errCursor = errors.New(`after is not the "next" of an earlier answer`)

func parseCursor(s string) (Cursor, error) {
	const size = 16
	if len(s) != cursorText.EncodedLen(size) {
		return Cursor{}, errCursor
	}
	b, err := cursorText.DecodeString(s)
	if err != nil || len(b) != size {
		return Cursor{}, errCursor
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	return Cursor{at, int64(binary.BigEndian.Uint64(b[8:]))}, nil
}

// maxQuery bounds the text of a query, in bytes.
const maxQuery = 4096

var parameters = []string{"address", "after", "from", "kind", "limit", "operator", "session", "to", "user"}

// ParseQuery reads a query as it stands in a URL. An empty parameter is none. The error says what is wrong first; the
// parameters that are good are in the query all the same.
func ParseQuery(raw string) (Query, error) {
	if len(raw) > maxQuery {
		return Query{}, fmt.Errorf("the query is longer than %d bytes", maxQuery)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return Query{}, errors.New("the query is malformed")
	}
	for name, given := range values {
		if !slices.Contains(parameters, name) {
			return Query{}, fmt.Errorf("there is no parameter %.40q; those of the history are %s", name,
				strings.Join(parameters, ", "))
		}
		if len(given) > 1 {
			return Query{}, fmt.Errorf("the parameter %s stands there %d times", name, len(given))
		}
	}
	var q Query
	var first error
	for _, name := range parameters {
		text := strings.TrimSpace(values.Get(name))
		if name == "user" || name == "operator" {
			text = values.Get(name) // a name may begin with a space
		}
		if text == "" {
			continue
		}
		tried := q
		if err := tried.set(name, text); err == nil {
			q = tried
		} else if first == nil {
			first = err
		}
	}
	if now := time.Now(); first == nil && !q.From.IsZero() && !q.To.IsZero() && !q.From.Ago(now).Before(q.To.Ago(now)) {
		first = errors.New("from is not before to")
	}
	return q, first
}

func (q *Query) set(name, text string) (err error) {
	switch name {
	case "session":
		if q.Handle, err = store.ParseID(text); err != nil {
			return errors.New("session is a handle: 22 characters of base64url")
		}
	case "user", "operator":
		if len(text) > session.MaxUserLen {
			return fmt.Errorf("%s is longer than %d bytes", name, session.MaxUserLen)
		}
		if name == "user" {
			q.User = text
		} else {
			q.Actor = text
		}
	case "kind":
		if q.Kind = Kind(text); !slices.Contains(Kinds(), q.Kind) {
			return fmt.Errorf("there is no kind %.40q", text)
		}
	case "address":
		if q.Address, err = network.Parse(text); err != nil {
			return fmt.Errorf("address: %w", err)
		}
	case "from":
		q.From, err = parseEdge(name, text)
	case "to":
		q.To, err = parseEdge(name, text)
	case "after":
		q.After, err = parseCursor(text)
	case "limit":
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > maxPage {
			return fmt.Errorf("limit is a number from 1 to %d", maxPage)
		}
	}
	return err
}

func parseEdge(name, text string) (span.Edge, error) {
	edge, ok := span.Parse(text)
	if !ok {
		return edge, fmt.Errorf("%s: %s", name, span.Want)
	}
	return edge, nil
}

// String returns the query as it stands in a URL, such as "kind=session_revoked&user=ada".
func (q Query) String() string {
	values := url.Values{}
	set := func(name, text string) {
		if text != "" {
			values.Set(name, text)
		}
	}
	if !q.Handle.IsZero() {
		set("session", q.Handle.String())
	}
	set("user", q.User)
	set("operator", q.Actor)
	set("kind", string(q.Kind))
	set("address", q.Network())
	set("from", q.From.String())
	set("to", q.To.String())
	set("after", q.After.String())
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	return values.Encode()
}

// Network returns the address or network as people write it.
func (q Query) Network() string { return network.Format(q.Address) }
