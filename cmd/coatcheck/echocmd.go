package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/echo"
	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
)

// echo serves the app for trying things.
func (p *Program) echo(ctx context.Context, flags *config.Echo) error {
	log := p.logger(config.Server{Verbose: flags.Verbose})
	server, err := httpserver.Listen(flags.Listen, "--listen")
	if err != nil {
		return err
	}
	warnOfEcho(log, flags, server.Listener().Addr())
	if _, err := fmt.Fprintf(p.Stdout, "Coatcheck %s answers with what reaches it. Ctrl-C ends it.\n\n  Echo     "+
		"%s\n\n"+
		"Put it behind a gate:   coatcheck serve --upstream %[2]s\nand attack that:        coatcheck doctor --site "+
		"http://localhost:8080\n", version(), server.URL()); err != nil {
		return err
	}
	options := echo.Options{SignIn: flags.InsecureSignIn, ShowSecrets: flags.ShowSecrets, Log: log}
	if flags.API != "" {
		options.API = &echo.API{URL: strings.TrimSuffix(flags.API, "/"), Key: flags.APIKey}
	}
	return echo.New(options).Serve(ctx, server.Listener())
}

// warnOfEcho says what the echo gives away.
func warnOfEcho(log *slog.Logger, flags *config.Echo, at net.Addr) {
	var risks []string
	if tcp, ok := at.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		risks = append(risks, "others on the network reach it without the proxy")
	}
	if flags.InsecureSignIn {
		risks = append(risks, "anybody may sign in as anybody")
	}
	if flags.ShowSecrets {
		risks = append(risks, "scripts of the site can read cookies that are HttpOnly")
	}
	if len(risks) > 0 {
		log.Warn("echo is for trying things, and not for a site in use: " + strings.Join(risks, "; "))
	}
}
