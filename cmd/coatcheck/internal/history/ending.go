package history

import (
	"strings"

	"coatcheck.dev/event"
	"coatcheck.dev/internal/visible"
)

// HowEnded says in one line how an entry has ended a session, as [History.End] has found it: by whom, from where and
// why, as far as is known. The time is left to the caller.
func (e *Entry) HowEnded() string {
	switch e.Kind {
	case Kind(event.SignedOut):
		return "signed out by its user" + e.from()
	case Kind(event.SignedIn), Kind(event.Created), Kind(event.Migrated):
		return "a sign-in gave it another handle: " + e.Handle.String()
	case Kind(event.SteppedUp):
		return "a step-up gave it another handle: " + e.Handle.String()
	case NotBefore:
		return "ended" + e.by() + e.from() + ", with all that had begun by " + e.Detail + e.why()
	}
	return "ended" + e.by() + e.from() + e.why()
}

func (e *Entry) by() string {
	if e.Actor == "" {
		return ""
	}
	return " by " + visible.Text(e.Actor)
}

func (e *Entry) from() string {
	if e.Address == "" {
		return ""
	}
	return " from " + visible.Text(e.Address)
}

func (e *Entry) why() string {
	if reason := strings.TrimSpace(e.Reason); reason != "" {
		return ": " + visible.Text(reason)
	}
	return ""
}
