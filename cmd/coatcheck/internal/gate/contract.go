package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/session"
)

// What an app may say in the headers of an answer. Names of headers are compared without case, everything else exactly.
//
//	Coatcheck-Sign-In  = user *( OWS ";" OWS sign-param )     ; once
//	sign-param         = "remember" / "by=" method / "level=" 1*2DIGIT  ; each once
//	method             = 1*64( ALPHA / DIGIT / "." / "-" / "_" )
//	user               = see package identity, user.go
//
//	Coatcheck-Sign-Out = "this" / "others" / "all"            ; once
//
//	Coatcheck-Set      = set *( OWS "," OWS set )             ; any number of lines
//	set                = key "=" OWS json OWS [ ";" OWS "carry" ]
//	Coatcheck-Delete   = key *( OWS "," OWS key )             ; any number of lines
//	key                = 1*64( ALPHA / DIGIT / "." / "-" / "_" )
//	json               = a JSON text (RFC 8259); spaces in it do not count
//
//	Coatcheck-Cache    = "shared"                             ; once
//
//	OWS                = *( SP / HTAB )
//
// There are lists with commas because anybody may join the lines of a header with commas, and several frameworks do
// (RFC 9110, section 5.3). A key stands at most once in an answer. Sign-In contradicts Sign-Out "this" and "all",
// and Cache contradicts all others. In an answer of status 101, and in trailers, none of them can be obeyed, so they
// are refused there.
//
// Any other header that begins with Coatcheck is refused: it may be a misspelt sign-out, which must not be ignored. The
// headers of the request are an exception, because an app that mirrors them asks for nothing.

// orders is what one answer asks for.
type orders struct {
	signOut signOut
	signIn  *signIn
	changes []change
	shared  bool
}

type signOut string

const (
	signOutNone   signOut = ""
	signOutThis   signOut = "this"
	signOutOthers signOut = "others"
	signOutAll    signOut = "all"
)

type signIn struct {
	user     string
	remember bool
	method   string
	level    int // 0 is that of a sign-in that names none, which is 1
}

// A change sets the value of a key, or deletes it if the value is nil.
type change struct {
	key   string
	value json.RawMessage
	carry bool
}

// maxChanges bounds the keys in one answer.
const maxChanges = 256

func (o *orders) empty() bool { return !o.changesSession() && !o.shared }

func (o *orders) changesSession() bool {
	return o.signOut != signOutNone || o.signIn != nil || len(o.changes) > 0
}

// A fault is a header that cannot be obeyed. It never quotes a value, because that may be a secret.
type fault struct{ header, reason string }

func (f *fault) Error() string { return f.header + ": " + f.reason }

// readOrders reads the orders in the header of an answer. An error is a *fault.
func readOrders(header http.Header) (orders, error) {
	if any, err := ordered(header); err != nil || !any {
		return orders{}, err // as most answers have none
	}
	var o orders
	for _, part := range []struct {
		name string
		once bool
		read func(line string) error
	}{
		{headerSignOut, true, o.readSignOut},
		{headerSignIn, true, o.readSignIn},
		{headerSet, false, o.readSet},
		{headerDelete, false, o.readDelete},
		{headerCache, true, o.readCache},
	} {
		lines := header[part.name]
		if part.once && len(lines) > 1 {
			return orders{}, &fault{part.name, "it appears more than once"}
		}
		for _, line := range lines {
			if err := part.read(trim(line)); err != nil {
				return orders{}, &fault{part.name, err.Error()}
			}
		}
	}
	if o.signIn != nil && (o.signOut == signOutThis || o.signOut == signOutAll) {
		return orders{}, &fault{headerSignOut, fmt.Sprintf("%q contradicts %s", o.signOut, headerSignIn)}
	}
	if o.shared && o.changesSession() {
		return orders{}, &fault{headerCache, "an answer that changes the session is not shared"}
	}
	return o, nil
}

// ordered reports whether a header has orders. An error is about one that looks like an order but is none.
func ordered(header http.Header) (any bool, err error) {
	var unknown []string
	for name := range header {
		switch {
		case !reserved(name):
		case isOrder(name):
			any = true
		case !mirrored(name):
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return any, nil
	}
	slices.Sort(unknown)
	return any, &fault{unknown[0], "there is no such header"}
}

// mirrored reports whether a name, in any spelling, is that of a header that the gate adds to requests.
func mirrored(name string) bool {
	switch plain(name) {
	case "coatcheck-user", "coatcheck-session", "coatcheck-data", "coatcheck-bound":
		return true
	}
	return false
}

// isOrder reports whether a canonical name is that of a header that can be obeyed.
func isOrder(name string) bool {
	switch name {
	case headerSignIn, headerSignOut, headerSet, headerDelete, headerCache:
		return true
	}
	return false
}

func (o *orders) readSignOut(line string) error {
	switch which := signOut(line); which {
	case signOutThis, signOutOthers, signOutAll:
		o.signOut = which
		return nil
	}
	return errors.New(`it is not "this", "others" or "all"`)
}

func (o *orders) readCache(line string) error {
	if line != "shared" {
		return errors.New(`it is not "shared"`)
	}
	o.shared = true
	return nil
}

func (o *orders) readSignIn(line string) error {
	text, rest, more := strings.Cut(line, ";")
	user, err := identity.DecodeUser(trim(text))
	if err != nil {
		return err
	}
	in := signIn{user: user}
	for more {
		var param string
		param, rest, more = strings.Cut(rest, ";")
		name, value, valued := strings.Cut(trim(param), "=")
		switch {
		case name == "remember" && !valued && !in.remember:
			in.remember = true
		case name == "by" && in.method == "" && session.CheckKey(value) == nil:
			in.method = value
		case name == "level" && in.level == 0 && levelOf(value) > 0:
			in.level = levelOf(value)
		default:
			return badParameter(name)
		}
	}
	o.signIn = &in
	return nil
}

// levelOf reads a level from 1 to 99; anything else is 0.
func levelOf(text string) int {
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || n > 99 || text[0] == '0' {
		return 0
	}
	return int(n)
}

func (o *orders) readSet(line string) error {
	for more := true; more; line = trim(line) {
		key, rest, ok := strings.Cut(line, "=")
		if !ok {
			return errors.New("it is not key=value")
		}
		text, rest := cutJSON(rest)
		value, err := normalJSON(trim(text))
		if err != nil {
			return err
		}
		c := change{key: key, value: value}
		var params string
		params, line, more = strings.Cut(rest, ",")
		if param, ok := strings.CutPrefix(params, ";"); ok {
			if c.carry = trim(param) == "carry"; !c.carry {
				return badParameter(trim(param))
			}
		}
		if err := o.add(c); err != nil {
			return err
		}
	}
	return nil
}

func (o *orders) readDelete(line string) error {
	for key := range strings.SplitSeq(line, ",") {
		if err := o.add(change{key: trim(key)}); err != nil {
			return err
		}
	}
	return nil
}

// add notes a change of a key that has none yet.
func (o *orders) add(c change) error {
	if session.CheckKey(c.key) != nil {
		return fmt.Errorf("a key has 1 to %d letters, digits, dots, hyphens or underscores", session.MaxKeyLen)
	}
	if len(o.changes) == maxChanges {
		return fmt.Errorf("the answer names more than %d keys", maxChanges)
	}
	for _, other := range o.changes {
		if other.key == c.key {
			return fmt.Errorf("the answer names the key %s twice", c.key)
		}
	}
	o.changes = append(o.changes, c)
	return nil
}

// badParameter names a parameter that looks like one. Anything else may be a part of a value.
func badParameter(name string) error {
	if session.CheckKey(name) != nil {
		return errors.New("it has a malformed parameter")
	}
	return fmt.Errorf("the parameter %s is unknown, appears twice or has a wrong value", name)
}

// cutJSON splits a JSON text off the front of s. The text ends before the first semicolon or comma outside strings,
// arrays and objects. Whether it is JSON is checked later.
func cutJSON(s string) (text, rest string) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case (c == ';' || c == ',') && depth <= 0:
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func trim(s string) string { return strings.Trim(s, " \t") }
