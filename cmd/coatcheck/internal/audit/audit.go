package audit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"coatcheck.dev/lint"
)

// An Audit is the outcome of one.
type Audit struct {
	Site      string
	Started   time.Time
	Took      time.Duration
	Judged    bool // against an inventory
	Items     []*Item
	Missing   []string // declared, and nowhere seen
	Lint      *lint.Report
	Scenes    []Scene
	Happened  []Happening
	Truncated bool // the site keeps more than was looked at
}

// A Scene is a part of the audit with one visitor, as it was played.
type Scene struct {
	Name  string `json:"name"`
	Pages int    `json:"pages"`
	Note  string `json:"note,omitempty"` // why it was not played, or what is odd about it
	Shots []Shot `json:"-"`
}

// A Shot is a screenshot of a page.
type Shot struct {
	Page  string
	After time.Duration
	JPEG  []byte
}

// Look visits the site and returns what was found, unjudged if the options have no inventory.
func Look(ctx context.Context, o *Options) (*Audit, error) {
	pages, err := o.pages()
	if err != nil {
		return nil, err
	}
	d := &director{options: o, pages: pages, ledger: newLedger(pages[0]), audit: &Audit{
		Site: bare(pages[0].String()), Started: time.Now()}}
	if err := d.play(ctx); err != nil {
		return nil, err
	}
	a := d.audit
	a.Took, a.Items, a.Happened, a.Truncated = time.Since(a.Started), d.ledger.sorted(), d.ledger.happened,
		d.ledger.truncated
	a.Lint = lint.Check(d.ledger.responses, time.Now())
	a.Compare(o.Inventory)
	return a, nil
}

// pages are the URLs to open.
func (o *Options) pages() (list []*url.URL, err error) {
	for _, text := range o.Pages {
		u := parse(text)
		if u == nil {
			return nil, fmt.Errorf("%.80q is not a URL such as https://shop.example/", text)
		}
		list = append(list, u)
	}
	if len(list) == 0 {
		return nil, errors.New("there is nothing to audit; give a URL")
	}
	return list, nil
}
