package format

import (
	"net/url"
	"time"
)

// Options are what a file does not tell. The zero value is right for most files.
type Options struct {
	// URL is where the cookies of a file belong that does not say so: the page of a Cookie header, or the first request
	// of a dump of headers.
	URL *url.URL

	// For is the program that will read a cookies.txt.
	For Reader

	// Secret is what the system's keyring keeps for Chromium ("Chromium Safe Storage"). Values that are encrypted with
	// a key that everybody knows need none.
	Secret []byte

	// Container is the number of the Firefox container to read (userContextId); 0 is outside of all.
	Container int

	// Now is the time at which cookies have expired or not. The default is time.Now, or the clock of the jar.
	Now func() time.Time
}

// at returns the options for cookies that belong to a URL, which may be nil if nobody knows better.
func (o *Options) at(u *url.URL) *Options {
	if u == nil {
		return o
	}
	of := *o
	of.URL = u
	return &of
}
