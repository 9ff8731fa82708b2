package format

import (
	"fmt"

	"coatcheck.dev/jar"
)

// A Loss is a cookie, or a property of one, without a place in the new format.
type Loss struct {
	Cookie string // the name of the cookie
	Domain string
	What   string // was lost: the whole cookie, or one of its properties
}

// String returns the loss in a line.
func (l Loss) String() string { return fmt.Sprintf("%.64q of %s: %s", l.Cookie, l.Domain, l.What) }

func lossOf(c *jar.Cookie, what string) Loss { return Loss{c.Name, c.Domain, what} }

// convertAll converts cookies for writing. A cookie that is not ok is left out.
func convertAll[T any](cookies []jar.Cookie, convert func(c *jar.Cookie, lose func(what string)) (t T, ok bool)) (
	list []T, losses []Loss) {
	list = make([]T, 0, len(cookies))
	for i := range cookies {
		c := &cookies[i]
		if t, ok := convert(c, func(what string) { losses = append(losses, lossOf(c, what)) }); ok {
			list = append(list, t)
		}
	}
	return list, losses
}
