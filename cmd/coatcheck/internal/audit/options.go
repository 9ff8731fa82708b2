package audit

import (
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium"
	"coatcheck.dev/jar"
	"coatcheck.dev/state"
)

// Options say what to audit.
type Options struct {
	Pages    []string      // URLs to open, in this order
	Links    int           // how many pages of the same site to open beside them, found by links
	Settle   time.Duration // to wait on each page, beside its own activity
	Accept   string        // selector of the banner's button to agree; "" is our own mark
	Reject   string        // selector of the banner's button to refuse; "" is our own mark
	Settings string        // selector of what shows the buttons again; "" is our own mark
	Scripts  []*Script     // each is a scene of its own
	Cookies  []jar.Cookie  // to visit the site with, in a scene of its own
	Chromium string        // the program; "" looks for one
	Flags    []string      // more flags for it
	NoShots  bool          // take no screenshots

	Inventory *state.Inventory // what may be there; nil judges nothing
	Progress  func(string)     // gets a line for each step; nil is nobody
}

func (o *Options) progress(line string) {
	if o.Progress != nil {
		o.Progress(line)
	}
}

// Check reports what is wrong with the options, so that it is found before a browser starts.
func (o *Options) Check() error {
	if _, err := o.pages(); err != nil {
		return err
	}
	if o.Links < 0 || o.Links > maxLinks {
		return fmt.Errorf("--links %d is not 0 to %d", o.Links, maxLinks)
	}
	if o.Settle < 0 || o.Settle > maxSettle {
		return fmt.Errorf("--settle %v is not 0s to %v", o.Settle, maxSettle)
	}
	if (o.Accept == "") != (o.Reject == "") {
		return errors.New("--banner-accept and --banner-reject go together: a visitor can do both")
	}
	_, err := chromium.Find(o.Chromium)
	return err
}

// Bounds of what may be asked for.
const (
	maxLinks  = 1_000
	maxSettle = 5 * time.Minute
)
