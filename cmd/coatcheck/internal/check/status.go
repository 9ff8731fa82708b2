package check

// A Status is the exit status of a check that did not go well. 0 is a site without findings.
type Status int

// The statuses, so that a script can tell a bad site from a bad command, and from a site that was not seen at all.
const (
	Findings    Status = 1 // there are findings at or above the severity that fails
	Usage       Status = 2 // the command line, or a file that it names, makes no sense
	Nothing     Status = 3 // no response sets a cookie, so nothing was judged
	Unreachable Status = 4 // a page could not be fetched
)

// An Error is the outcome of a check that did not go well.
type Error struct {
	Status Status
	Err    error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitStatus is that of the program.
func (e *Error) ExitStatus() int { return int(e.Status) }
