package lint

import (
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// applied returns the attribute of a name that holds.
func (c *Cookie) applied(name string) (cookie.Attribute, bool) {
	for a := range c.Line.Attributes() {
		if a.Fate == cookie.Applied && strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return cookie.Attribute{}, false
}

// written returns when the cookie was to end by its own word, without a cap.
func (c *Cookie) written() (time.Time, bool) {
	if a, ok := c.applied("Max-Age"); ok {
		seconds, err := strconv.ParseInt(a.Value, 10, 64)
		if err != nil || seconds > maxSeconds {
			seconds = maxSeconds // a number that is too large; a negative one is no worse as a lifetime
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

// maxSeconds is longer than anybody means and short enough for a time.Duration.
const maxSeconds = 200 * 365 * 24 * 3600
