package format

import (
	"strconv"

	"coatcheck.dev/jar"
)

// A Loss is an entry of a file, or a property of one, that did not come through.
type Loss struct {
	Place   string // in the file, such as "line 3"; "" in writing
	Cookie  string // its name; "" for none, or if it could not be read
	Domain  string
	LeftOut bool   // the entry is missing as a whole
	What    string // was lost, or why the entry was left out
}

// String returns the loss in a line.
func (l Loss) String() string {
	text := "changed: "
	if l.LeftOut {
		text = "left out: "
	}
	if l.Place != "" {
		text += l.Place + ": "
	}
	name := strconv.Quote(l.Cookie[:min(len(l.Cookie), 64)])
	switch {
	case l.Domain != "":
		text += name + " of " + l.Domain + ": "
	case l.Cookie != "":
		text += name + ": "
	}
	return text + l.What
}

func lossOf(c *jar.Cookie, what string) Loss {
	return Loss{Cookie: c.Name, Domain: c.Domain, What: what}
}

// Counts say what became of the entries of a file. Each entry is read, left out or expired.
type Counts struct {
	Read    int // Changed ones among them
	Changed int // lost a property, or have one that was guessed
	LeftOut int
	Expired int // they delete a cookie of the same name, domain and path
}

// Entries returns the number of entries.
func (n Counts) Entries() int { return n.Read + n.LeftOut + n.Expired }

// A Report says what became of the entries of a file.
type Report struct {
	Counts
	Losses []Loss // in the order of the file; empty if nothing was lost
}

// A place is where an entry is in its file.
type place struct {
	unit string // what is counted, such as "line"
	n    int    // from 1
	rest string // where in the unit, such as ", cookie 2"
}

func (p place) String() string {
	if p.unit == "" {
		return ""
	}
	return p.unit + " " + strconv.Itoa(p.n) + p.rest
}

// in is a place within an entry.
func (p place) in(unit string, n int) place {
	p.rest += ", " + unit + " " + strconv.Itoa(n)
	return p
}
