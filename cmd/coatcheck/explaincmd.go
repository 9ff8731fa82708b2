package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/explain"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/session"
)

// explain says what a pasted cookie is worth.
func (p *Program) explain(ctx context.Context, flags *config.Explain) (err error) {
	u, err := url.Parse(flags.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("--url: %.80q is no http or https URL", flags.URL)
	}
	f := folder.At(flags.Data)
	a, err := address(flags.Store, f)
	if err != nil {
		return err
	}
	b, err := backend.Look(ctx, a)
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	defer closeBackend(b, &err)
	switch made, err := b.Made(ctx); {
	case err != nil:
		return fmt.Errorf("explain: %w", err)
	case !made:
		return fmt.Errorf("explain: there are no sessions in %s; name the store by --store or --data", b.Address)
	}
	options := session.Options{Realm: flags.Realm, SweepInterval: -1}
	if _, err := os.Stat(f.KeysPath()); err == nil || flags.KeysFrom != "" {
		if options.SealData, err = openKeys(flags.KeysFrom, f); err != nil {
			return err
		}
	}
	m := session.New(b, options)
	defer func() { _ = m.Close(ctx) }()
	past, err := lookHistory(b, f)
	if err != nil {
		return err
	}
	defer func() { _ = past.Close(ctx) }()
	report, err := explain.Read(ctx, p.Stdin, explain.Options{
		Ticket: m.Explain, Session: m.Lookup, End: past.End, URL: u,
		Cookies: append(sessionCookies(m), flags.Cookie...),
	})
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	if flags.Format == "json" {
		return report.WriteJSON(p.Stdout)
	}
	return report.WriteText(p.Stdout, time.Now())
}

// sessionCookies are the names that the session's cookie has by default: alone, with a domain, and with --dev.
func sessionCookies(m *session.Manager) []string {
	alone := m.Options().Cookie
	return []string{alone, strings.Replace(alone, "__Host-", "__Secure-", 1), insecureCookie}
}
