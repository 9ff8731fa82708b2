package bound

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// boundCookie is the cookie that the browser fetches again and again with its key. What is set and what the browser is
// told to look for are made of this one value: if they differ, Chromium fetches it before every single request.
type boundCookie struct{ cookie cookie.Cookie }

// set puts the cookie into a response. A nil header only tries it.
func (b *boundCookie) set(header http.Header, value string, lifetime time.Duration) error {
	c := b.cookie
	c.Value, c.MaxAge = value, lifetime
	if err := c.Check(); err != nil || header == nil {
		return err
	}
	return cookie.Set(header, &c)
}

// end deletes the cookie in the browser.
func (b *boundCookie) end(header http.Header) { _ = cookie.Set(header, b.cookie.Deletion()) }

// attributes is what a browser compares the cookie with: the line that sets it, without value and lifetime.
func (b *boundCookie) attributes() string {
	line, err := b.cookie.Append(nil)
	if err != nil {
		panic(fmt.Errorf("bound: %w", err)) // Options.Check has tried it
	}
	_, attributes, _ := strings.Cut(string(line), "; ")
	return attributes
}
