package jar

// A Change is an event in the life of a cookie in a jar.
type Change struct {
	Cause  Cause
	Cookie Cookie // as it is now, or as it was at last
}

// A Cause is the reason for a change.
type Cause uint8

const (
	// Added: a cookie of a new identity was stored.
	Added Cause = iota
	// Replaced: a cookie was stored over one of the same identity.
	Replaced
	// Deleted: a server or a script set it with an expiry in the past.
	Deleted
	// Expired: its time was over. A jar notices this when it next clears up, so the report may be late.
	Expired
	// Evicted: a limit was exceeded.
	Evicted
	// Removed: the program removed it.
	Removed
	// Cleared: a server removed it by Clear-Site-Data.
	Cleared
)

// String returns the name of the cause.
func (c Cause) String() string {
	return [...]string{"added", "replaced", "deleted", "expired", "evicted", "removed", "cleared"}[c]
}

// report tells OnChange of a change.
func (j *Jar) report(cause Cause, e *entry) {
	if j.change != nil {
		j.change(Change{cause, e.snapshot()})
	}
}
