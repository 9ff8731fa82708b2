package format

import (
	"fmt"

	"coatcheck.dev/jar"
)

// A Loss is something that did not make it from one format to another.
type Loss struct {
	Cookie string // the name of the cookie
	Domain string
	What   string // was lost: the whole cookie, or one of its properties
}

// String returns the loss in a line.
func (l Loss) String() string { return fmt.Sprintf("%.64q of %s: %s", l.Cookie, l.Domain, l.What) }

func lossOf(c *jar.Cookie, what string) Loss { return Loss{c.Name, c.Domain, what} }
