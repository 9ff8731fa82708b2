package cookies

import (
	"fmt"
	"io"
	"time"
)

// progressDelay is the time after which it is told how far it is.
const progressDelay = 2 * time.Second

// A progress tells a terminal how many entries were read, if that takes long.
type progress struct {
	to    io.Writer // nil for nobody
	n     int
	next  time.Time // when to tell
	lines bool      // something stands on the terminal
}

func (p *progress) count() {
	const often = 1 << 12 // entries between two looks at the clock
	if p.n++; p.to == nil || p.n%often != 0 {
		return
	}
	if now := time.Now(); now.After(p.next) {
		fmt.Fprintf(p.to, "\rread: %d entries", p.n)
		p.next, p.lines = now.Add(time.Second/4), true
	}
}

// end takes away what was told.
func (p *progress) end() {
	if p.lines {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
