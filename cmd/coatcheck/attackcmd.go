package main

import (
	"context"
	"errors"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/probe"
)

// attack looks at a site from outside.
func (p *Program) attack(ctx context.Context, flags *config.Doctor) error {
	a := &flags.Attack
	report, err := probe.Run(ctx, probe.Options{
		Site: a.Site, Probe: a.Probe, Required: a.Required, Auth: a.Auth, Upstreams: a.Upstream, Cookie: a.Cookie,
		Plain: a.Plain, StoreDown: a.StoreDown, Mine: a.ThisIsMine,
	})
	if err != nil {
		return err
	}
	write := report.WriteText
	if flags.Format == "json" {
		write = report.WriteJSON
	}
	return errors.Join(write(p.Stdout), report.Err())
}
