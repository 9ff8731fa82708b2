package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// besideConfig has a site that a proxy asks about, and the gate, where the visitor signs in, with the same sessions.
const besideConfig = `trust-proxy: [127.0.0.1]
sites:
  - {realm: shop, upstream: %s}
  - {realm: shop, beside: nginx, hosts: [shop.example]}
`

// question is what nginx asks before it passes the request for the page on.
func question(base, cookie string) string {
	if cookie != "" {
		cookie = "; " + cookie
	}
	return head("GET", base, "/.coatcheck/auth", cookie, "X-Original-Method: GET", "X-Original-Uri: /page",
		"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: shop.example", "X-Forwarded-Proto: https")
}

// beside measures answers to a proxy that asks, beside the least that could answer it: a handler that lets everybody
// in.
func (p *extent) beside(ctx context.Context, to *figures) error {
	f, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	handler, err := f.start(ctx, p.self, "-role=answers", "-size=0")
	if err != nil {
		return err
	}
	config := filepath.Join(p.folder, "beside.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, besideConfig, f.app.url), 0o600); err != nil {
		return err
	}
	sqlite, err := f.gate(ctx, "auth sqlite", "--config="+config)
	if err != nil {
		return err
	}
	all := []*contender{
		{handler, "yes", "__Host-session=" + exampleTicket}, {sqlite.process, "auth anonymous", ""}, sqlite,
	}
	redis, err := f.redis(ctx, "auth redis", "--config="+config)
	switch {
	case errors.Is(err, exec.ErrNotFound): // its row is left out
	case err != nil:
		return err
	default:
		all = append(all, redis)
	}
	return takeTurns(p, all, to, func(c *contender) error {
		return send(ctx, c.url, question(c.url, c.cookie), 0, p.requests)
	})
}
