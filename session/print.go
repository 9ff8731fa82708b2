package session

import "fmt"

// What has to do with tickets prints as no more than its public name (ASVS 16.2.5). That is not enough by itself, as
// package fmt looks into unexported fields without asking: so a session has its ticket behind a pointer.

// Format prints the session's public handle, for every verb.
func (s *Session) Format(f fmt.State, _ rune) {
	handle := "in use"
	if s.mu.TryLock() { // somebody may print a session inside Update
		defer s.mu.Unlock()
		handle = "none"
		if id := s.handle(); !id.IsZero() {
			handle = id.String()
		}
	}
	fmt.Fprintf(f, "session(%s)", handle)
}

// Format prints the name of the manager's cookie, for every verb.
func (m *Manager) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "sessions(%s)", m.opts.Cookie) }

// Format prints the context that a handler finds in its request.
func (v *visit) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%v.With%v", v.outer(), &v.session) }
