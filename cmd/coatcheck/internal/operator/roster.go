package operator

import (
	"context"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/followed"
)

// A Roster has the operators of a file, and their sign-in links. Its methods may be called from any number of
// goroutines. The zero value is a roster of nobody but [Owner], without links; so is nil, but for the methods of links.
type Roster struct {
	Links

	path string
	file *followed.File[*staff]
}

const tokenLen = len(tokenPrefix) + (tokenBytes*8+5)/6

// staff is one reading of the file.
type staff struct {
	byName  map[string]*Operator
	byToken map[[32]byte]*Operator
}

// Open reads a file, which may be missing. The links are in a folder, which may be missing as well.
func Open(file, links string) (*Roster, error) {
	f, err := followed.Open(file, maxFile, func(text []byte) (*staff, error) {
		operators, err := parse(text)
		if err != nil {
			return nil, err
		}
		s := &staff{make(map[string]*Operator, len(operators)), make(map[[32]byte]*Operator, len(operators))}
		for i := range operators {
			o := &operators[i]
			s.byName[o.Name] = o
			if o.Token != nil {
				s.byToken[[32]byte(o.Token)] = o
			}
		}
		return s, nil
	})
	return &Roster{Links{folder: links}, file, f}, err
}

// Path is where the file is; "" if there is none.
func (r *Roster) Path() string { return r.path }

func (r *Roster) staff() *staff {
	if r == nil || r.file == nil || r.file.Held() == nil {
		return &staff{}
	}
	return r.file.Held()
}

// Find returns the operator of a name, as the file has it now, or nil. Nobody may change what is returned.
func (r *Roster) Find(name string) *Operator {
	if o := r.staff().byName[name]; o != nil {
		return o
	}
	if name == Owner {
		o := owner()
		return &o
	}
	return nil
}

// HasTokens reports whether there is an operator with a token of their own.
func (r *Roster) HasTokens() bool { return len(r.staff().byToken) > 0 }

// ByToken returns the operator whose token it is, or nil, as the file is now: a token may have been made or replaced a
// moment ago. Strangers can have the file looked at in this way, and no more than that. Hashes are looked up, so that
// the time it takes tells nothing of the token.
func (r *Roster) ByToken(token string) *Operator {
	if r == nil || r.file == nil || len(token) != tokenLen {
		return nil
	}
	r.Refresh()
	return r.staff().byToken[[32]byte(hashOf(token))]
}

// Keeps reports whether an operator still has all that they had when they were found, and needs nothing more to prove
// who they are.
func (r *Roster) Keeps(o *Operator) bool {
	now := r.Find(o.Name)
	return now != nil && now.keeps(o) && len(now.Passkeys) <= len(o.Passkeys)
}

// Refresh reads the file again if it has changed.
func (r *Roster) Refresh() {
	if r != nil && r.file != nil {
		_, _ = r.file.Reload() // Follow tells of the error
	}
}

// Follow reads the file again whenever it has changed, until ctx ends. It calls lost for each operator who is retired,
// may do less than before, or has lost the token or a passkey, with the time from which on the roster knew; and failed
// with an error when the file cannot be read any more, once for each: the roster goes on with the operators that it
// has.
func (r *Roster) Follow(ctx context.Context, lost func(name string, known time.Time), failed func(error)) {
	r.file.Follow(ctx, func(was, now *staff, at time.Time) {
		if was == nil { // there was no file
			return
		}
		if now == nil { // the file is gone
			now = &staff{}
		}
		for name, before := range was.byName {
			if is := now.byName[name]; is == nil || !is.keeps(before) {
				lost(name, at)
			}
		}
	}, failed)
}

// keeps reports whether an operator still has all that they had.
func (o *Operator) keeps(was *Operator) bool {
	if !o.Role.Covers(was.Role) || string(o.Token) != string(was.Token) {
		return false
	}
	has := make(map[string]bool)
	for i := range o.Passkeys {
		has[string(o.Passkeys[i].ID)] = true
	}
	for i := range was.Passkeys {
		if !has[string(was.Passkeys[i].ID)] {
			return false
		}
	}
	return true
}
