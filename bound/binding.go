package bound

import (
	"time"

	"coatcheck.dev/session"
)

// A Binding is what a list shows of a session that has a key.
type Binding struct {
	Key       string    // its kind, such as "EC P-256"
	Since     time.Time // when the browser registered it
	Confirmed bool      // the browser has shown that it uses it, so that requests without a bound cookie are refused
}

// Of returns the binding of a listed session, and false if it has none.
func Of(info session.Info) (Binding, bool) {
	s, err := decode(info.Guard)
	if err != nil || len(s.Keys) == 0 {
		return Binding{}, false
	}
	newest := s.Keys[len(s.Keys)-1]
	kind, ok := kindOf(newest.Key)
	return Binding{kind.text, newest.At, s.phase == confirmed}, ok
}
