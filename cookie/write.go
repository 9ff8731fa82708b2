package cookie

import (
	"strconv"
	"time"
)

// dateFormat is IMF-fixdate, the one date format for every client (RFC 9110 section 5.6.7).
const dateFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// Append appends the cookie to b as the value of a Set-Cookie header. If [Cookie.Check] finds fault with it, Append
// returns that error and an unchanged b.
func (c *Cookie) Append(b []byte) ([]byte, error) {
	if err := c.Check(); err != nil {
		return b, err
	}
	b = append(b, c.Name...)
	if c.Name != "" {
		b = append(b, '=')
	}
	b = append(b, c.Value...)
	return c.appendAttributes(b), nil
}

func (c *Cookie) appendAttributes(b []byte) []byte {
	b = appendText(b, "; Path=", c.Path)
	b = appendText(b, "; Domain=", c.Domain)
	if c.Delete {
		// Max-Age=0 is enough for browsers, but not for all other clients.
		b = append(b, "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"...)
	}
	if !c.Expires.IsZero() {
		b = append(b, "; Expires="...)
		b = c.Expires.UTC().AppendFormat(b, dateFormat)
	}
	if c.MaxAge > 0 {
		b = append(b, "; Max-Age="...)
		b = strconv.AppendInt(b, int64(c.MaxAge/time.Second), 10)
	}
	if c.Secure {
		b = append(b, "; Secure"...)
	}
	if c.HttpOnly {
		b = append(b, "; HttpOnly"...)
	}
	b = appendText(b, "; SameSite=", c.SameSite.String())
	if c.Partitioned {
		b = append(b, "; Partitioned"...)
	}
	return appendText(b, "; Priority=", c.Priority.String())
}

func appendText(b []byte, attribute, value string) []byte {
	if value == "" {
		return b
	}
	return append(append(b, attribute...), value...)
}

// Set puts the cookie into a response header (an http.Header). It replaces a Set-Cookie line of the same name,
// Domain, Path and Partitioned, because the outcome of setting a cookie twice would depend on the client (RFC 6265bis
// section 4.1.1). If [Cookie.Check] finds fault with the cookie, Set returns that error and leaves the header as it
// was.
func Set(header map[string][]string, c *Cookie) error {
	line, err := c.Append(make([]byte, 0, 256))
	if err != nil {
		return err
	}
	var kept []string
	id := c.identity()
	for _, old := range header["Set-Cookie"] {
		if p := Parse(old); p.identity() != id {
			kept = append(kept, old)
		}
	}
	header["Set-Cookie"] = append(kept, string(line))
	return nil
}

// identity tells the cookies of one response apart.
type identity struct {
	name, domain, path string
	partitioned        bool
}

func (c *Cookie) identity() identity {
	return identity{c.Name, lowerASCII(c.Domain), c.Path, c.Partitioned}
}

func (p *Parsed) identity() identity {
	return identity{p.Name, p.Domain, p.Path, p.Partitioned}
}
