package index

import "time"

// A stride is how many rows are written in one transaction: as many as take a moment, because the commit of many rows
// keeps a processor and the disk from those who serve requests.
type stride int

const (
	shortest  = 50
	longest   = maxTaken
	writeTime = 10 * time.Millisecond
)

func (s stride) rows() int { return max(int(s), shortest) }

// note takes note of how long so many rows have taken.
func (s *stride) note(rows int, took time.Duration) {
	switch {
	case took > writeTime:
		*s = stride(max(s.rows()/2, shortest))
	case rows >= s.rows() && took < writeTime/2:
		*s = stride(min(s.rows()*2, longest))
	}
}
