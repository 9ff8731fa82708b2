package main

import (
	"context"

	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/config"
)

func (p *Program) check(ctx context.Context, c *config.Check) error {
	o := check.Options{
		Pages: c.Pages, Cookies: c.Cookies, Header: c.Header, Request: c.Request, Data: c.Data, Crawl: c.Crawl,
		HAR: c.HAR, Lines: c.Lines, URL: c.URL, Format: c.Format, FailOn: c.FailOn,
		Stdin: p.Stdin, Losses: p.Stderr, Colour: check.Terminal(p.Stdout),
	}
	if check.Terminal(p.Stderr) {
		o.Progress = p.Stderr
	}
	return check.Run(ctx, o, p.Stdout)
}
