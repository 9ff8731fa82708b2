package lint

import (
	"fmt"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// A Fix is a cookie after all repairs. It has the word VALUE in the place of the value.
type Fix struct {
	Header string // the Set-Cookie line
	Go     string // the same with package cookie
}

// Fix returns the line as it should have been written. It reports false without findings, or if no header can repair
// one of them; the message of that finding tells the remedy.
func (c *Cookie) Fix() (Fix, bool) {
	if len(c.Findings) == 0 || c.hopeless {
		return Fix{}, false
	}
	k := c.Line.Cookie(c.now)
	if !k.Delete {
		k.Value = "VALUE"
	}
	for _, repair := range c.repairs {
		repair(&k)
	}
	if k.Delete {
		k = *k.Deletion() // other repairs may have changed it before
	}
	header, err := k.Append(nil)
	if err != nil {
		return Fix{}, false
	}
	return Fix{Header: string(header), Go: code(&k)}, true
}

// code is the cookie as a call in Go.
func code(k *cookie.Cookie) string {
	var b strings.Builder
	field := func(is bool, name, value string) {
		if is {
			if b.Len() > 0 {
				b.WriteString(", ")
			}
			b.WriteString(name + ": " + value)
		}
	}
	field(true, "Name", fmt.Sprintf("%q", k.Name))
	field(k.Value != "", "Value", "value")
	field(k.Path != "", "Path", fmt.Sprintf("%q", k.Path))
	field(k.Domain != "", "Domain", fmt.Sprintf("%q", k.Domain))
	field(k.MaxAge != 0, "MaxAge", fmt.Sprintf("%d * time.Second", k.MaxAge/time.Second))
	field(k.MaxAge == 0 && !k.Expires.IsZero(), "Expires", fmt.Sprintf("time.Unix(%d, 0)", k.Expires.Unix()))
	field(k.Secure, "Secure", "true")
	field(k.HttpOnly, "HttpOnly", "true")
	field(k.SameSite != cookie.SameSiteUnset, "SameSite", "cookie.SameSite"+k.SameSite.String())
	field(k.Partitioned, "Partitioned", "true")
	field(k.Priority != cookie.PriorityUnset, "Priority", "cookie.Priority"+k.Priority.String())
	field(k.Delete, "Delete", "true")
	return "cookie.Set(w.Header(), &cookie.Cookie{" + b.String() + "})"
}
