package history

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// An Entry is one thing that happened. Its texts may be what strangers have chosen.
type Entry struct {
	At      time.Time `json:"at"`
	Kind    Kind      `json:"kind"`
	Handle  store.ID  `json:"session,omitzero"`
	Was     store.ID  `json:"was,omitzero"` // the handle that the session had before
	User    string    `json:"user,omitempty"`
	Address string    `json:"address,omitempty"` // of the client, or of the operator
	Actor   string    `json:"operator,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty"` // a moment, a number: what the kind says

	seq int64
}

// Cursor returns the entry's place in a listing.
func (e *Entry) Cursor() Cursor { return Cursor{e.At, e.seq} }

// Kind names what happened. Where package event has a word, it is that one.
type Kind string

// The kinds of entries that are no events of sessions.
const (
	NotBefore         Kind = "sessions_not_before"  // what began at Detail or earlier has ended, of User or of all
	OperatorSignedIn  Kind = "operator_signed_in"   // Reason is how
	OperatorRefused   Kind = "operator_refused"     // a sign-in, Reason says why; or Detail more of them in a minute
	OperatorSignedOut Kind = "operator_signed_out"  //
	OperatorActed     Kind = "operator_acted"       // Reason says what was done
	Erased            Kind = "history_erased"       // Detail entries of one user were removed
	Lost              Kind = "history_entries_lost" // Detail entries could not be kept
)

// words say what happened, in the order of a life.
var words = []struct {
	kind Kind
	text string
}{
	{Kind(event.Created), "created"},
	{Kind(event.SignedIn), "signed in"},
	{Kind(event.Migrated), "moved in"},
	{Kind(event.SteppedUp), "stepped up"},
	{Kind(event.Bound), "bound to a device"},
	{Kind(event.Rotated), "rotated"},
	{Kind(event.Recovered), "recovered"},
	{Kind(event.Theft), "theft suspected"},
	{Kind(event.SignedOut), "signed out"},
	{Kind(event.Revoked), "ended"},
	{NotBefore, "not-before set"},
	{OperatorSignedIn, "operator signed in"},
	{OperatorRefused, "operator sign-in refused"},
	{OperatorSignedOut, "operator signed out"},
	{OperatorActed, "operator acted"},
	{Erased, "history erased"},
	{Lost, "entries lost"},
	{Counted, "sessions counted"},
}

// Kinds returns the kinds that are kept, in the order of a session's life.
func Kinds() (kinds []Kind) {
	for _, w := range words {
		kinds = append(kinds, w.kind)
	}
	return kinds
}

// Words says in a few words what happened.
func (k Kind) Words() string {
	for _, w := range words {
		if w.kind == k {
			return w.text
		}
	}
	return string(k)
}

// Looked is the Reason of an operator who has acted by looking at the values of keys.
func Looked(keys []string) string {
	return "looked at the values of " + strings.Join(slices.Sorted(slices.Values(keys)), ", ")
}

// Bad reports whether what happened ends sessions, or tells of an attack or a loss.
func (e *Entry) Bad() bool {
	switch e.Kind {
	case Kind(event.Revoked), Kind(event.Theft), NotBefore, Erased, Lost, OperatorRefused:
		return true
	}
	return false
}

// Says puts into words what Detail has.
func (e *Entry) Says() string {
	switch e.Kind {
	case NotBefore:
		return "all that had begun by " + e.Detail
	case Erased, Lost:
		return e.Detail + " entries"
	case OperatorRefused:
		if e.Detail == "" {
			return ""
		}
		return e.Detail + " more within a minute"
	case Counted:
		return e.Detail + " sessions"
	}
	return e.Detail
}

// Ends reports whether a session ends by what happened.
func (k Kind) Ends() bool { return k == Kind(event.SignedOut) || k == Kind(event.Revoked) }

// newEntry makes an entry of an event, or returns false for one that is not kept.
func newEntry(e event.Event) (Entry, bool) {
	kept := Entry{
		At: e.At, Kind: Kind(e.Kind), Handle: e.Handle, Was: e.Was, User: e.User, Address: e.Address, Actor: e.Actor,
		Reason: e.Reason, Detail: e.Key,
	}
	switch {
	case e.Kind == event.Created && e.User != "":
		return Entry{}, false // the sign-in is told as well, and says more
	case !e.Before.IsZero():
		kept.Kind, kept.Detail = NotBefore, e.Before.UTC().Format(time.RFC3339Nano)
	}
	return kept, slices.Contains(Kinds(), kept.Kind)
}

// operatorEntry is newEntry for the console's own sessions, whose users are the operators.
func operatorEntry(e event.Event) (Entry, bool) {
	kept := Entry{At: e.At, Handle: e.Handle, Address: e.Address, Actor: cmp.Or(e.User, e.Actor), Reason: e.Reason}
	switch e.Kind {
	case event.SignedIn:
		kept.Kind = OperatorSignedIn
	case event.SignedOut:
		kept.Kind = OperatorSignedOut
	default:
		return Entry{}, false
	}
	return kept, true
}

// lostEntry says how many entries are missing.
func lostEntry(n uint64, now time.Time) Entry {
	return Entry{At: now, Kind: Lost, Reason: "they could not be written", Detail: strconv.FormatUint(n, 10)}
}

// maxText bounds the texts of an entry, in bytes.
const maxText = 512

func clip(s string) string { return s[:min(len(s), maxText)] }
