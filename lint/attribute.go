package lint

import (
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// applied returns the valid attribute of a name.
func (c *Cookie) applied(name string) (cookie.Attribute, bool) {
	for a := range c.Line.Attributes() {
		if a.Fate == cookie.Applied && strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return cookie.Attribute{}, false
}

// written returns the end of the cookie as its author wrote it, uncapped.
func (c *Cookie) written() (time.Time, bool) {
	if a, ok := c.applied("Max-Age"); ok {
		seconds, err := strconv.ParseInt(a.Value, 10, 64)
		if err != nil || seconds > maxSeconds {
			seconds = maxSeconds // too large a number
			if strings.HasPrefix(a.Value, "-") {
				seconds = 0
			}
		}
		return c.now.Add(time.Duration(seconds) * time.Second), true
	}
	if a, ok := c.applied("Expires"); ok {
		return cookie.ParseDate(a.Value)
	}
	return time.Time{}, false
}

// maxSeconds is longer than any author intends, and short enough for a time.Duration.
const maxSeconds = 200 * 365 * 24 * 3600
