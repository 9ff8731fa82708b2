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

// authPath is where the program is asked.
const authPath = "/.coatcheck/auth"

// question is what nginx asks before it passes the request for the page on.
func question(base, path, cookie string) string {
	if cookie != "" {
		cookie = "; " + cookie
	}
	return head("GET", base, path, cookie, "X-Original-Method: GET", "X-Original-Uri: /page",
		"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: shop.example", "X-Forwarded-Proto: https")
}

// beside measures answers to a proxy that asks, beside the least that could answer it, a handler that lets everybody
// in, and beside oauth2-proxy.
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
		{process: handler, name: "yes", cookie: "__Host-session=" + exampleTicket},
		{process: sqlite.process, name: "auth anonymous"}, sqlite,
	}
	redis, err := f.redis(ctx, "auth redis", "--config="+config)
	switch {
	case errors.Is(err, exec.ErrNotFound): // its row is left out
	case err != nil:
		return err
	default:
		all = append(all, redis)
	}
	peer, err := f.oauth2Proxy(ctx)
	switch {
	case errors.Is(err, errNotHere):
		to.leaveOut(oauth2Proxy, err)
	case err != nil:
		return err
	default:
		all = append(all, peer)
	}
	return takeTurns(p, all, to, func(c *contender) error {
		path := authPath
		if c == peer {
			path = "/oauth2/auth"
		}
		return send(ctx, c.url, question(c.url, path, c.cookie), 0, p.requests)
	})
}
