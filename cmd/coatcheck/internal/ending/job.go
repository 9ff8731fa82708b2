package ending

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/store"
)

// A State is how far a job is.
type State string

// The states of a job.
const (
	Asked     State = "asked"     // it is known which sessions are meant; nothing has ended
	Running   State = "running"   // it goes on, also after a restart
	Done      State = "done"      //
	Cancelled State = "cancelled" // by an operator; what had ended by then has
)

// A Job ends many sessions.
type Job struct {
	ID      string     `json:"id"`
	State   State      `json:"state"`
	Query   string     `json:"query"` // as a URL has it
	AsOf    time.Time  `json:"as_of"` // what began later is left alone, unless Newer
	Count   int        `json:"count"` // sessions that are meant
	Sample  []store.ID `json:"sample"`
	By      string     `json:"by"` // who has asked, and then who has started it
	Address string     `json:"address,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Newer   bool       `json:"newer,omitempty"` // whether what began meanwhile ends, too

	Ended  int `json:"ended"`  // by this job
	Gone   int `json:"gone"`   // had ended before their turn
	Failed int `json:"failed"` // the store could not end them
	More   int `json:"more"`   // of these: began after AsOf

	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
}

// Handled returns how many sessions have had their turn.
func (j Job) Handled() int { return j.Ended + j.Gone + j.Failed }

// Total returns how many sessions are to have their turn, as far as is known.
func (j Job) Total() int { return j.Count + j.More }

// TypedOver is how many sessions may be ended without a word that is typed.
const TypedOver = 100

// Word returns what is to be typed to start the job: the number of sessions. It is empty for a small one.
func (j Job) Word() string {
	if j.Count <= TypedOver {
		return ""
	}
	return strconv.Itoa(j.Count)
}

// An Operator is who asks for a job, and from where.
type Operator struct{ Name, Address string }

// An Order starts a job.
type Order struct {
	Reason string // why, in a few words; it is needed
	Newer  bool   // whether what began after the job was asked for ends, too
	Word   string // Job.Word
}

// MaxReason bounds a reason, in bytes.
const MaxReason = 200

// An OrderError says what an order lacks, or has too much of.
type OrderError struct{ what string }

func (e *OrderError) Error() string { return e.what }

func wrongOrder(format string, args ...any) error { return &OrderError{fmt.Sprintf(format, args...)} }

// check says what is wrong with an order for a job, if anything.
func (o *Order) check(j *Job) error {
	o.Reason = strings.TrimSpace(o.Reason)
	typed := strings.NewReplacer(",", "", ".", "", " ", "", "\u202f", "").Replace(o.Word)
	switch {
	case j.State != Asked:
		return wrongOrder("this has been started already")
	case o.Reason == "":
		return wrongOrder("a reason is needed")
	case len(o.Reason) > MaxReason:
		return wrongOrder("the reason is longer than %d bytes", MaxReason)
	case typed != j.Word() && j.Word() != "":
		return wrongOrder("nothing has ended: to confirm, give the number of sessions, %s", j.Word())
	}
	return nil
}
