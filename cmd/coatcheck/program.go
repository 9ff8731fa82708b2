package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"

	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/cmd/coatcheck/internal/snippet"
	"coatcheck.dev/state"
)

// A Program is one run of coatcheck.
type Program struct {
	Stdin  io.Reader // for commands that read a file named "-"
	Stdout io.Writer // what the user asked for: addresses, tables
	Stderr io.Writer // the log
}

// Run does what the arguments say, and returns when that is done. The commands that serve end when ctx does.
func (p *Program) Run(ctx context.Context, args []string) error {
	line, err := config.Parse(args, p.Stdout)
	if errors.Is(err, config.ErrAnswered) {
		return nil
	}
	if err != nil {
		if len(args) > 0 && (args[0] == string(config.RunCheck) || args[0] == string(config.RunAudit)) {
			return &check.Error{Status: check.Usage, Err: err}
		}
		return err
	}
	switch line.Command {
	case config.RunDemo:
		return p.demo(ctx, &line.Demo)
	case config.RunServe:
		if err := line.Serve.CheckCertificates(); err != nil {
			return err
		}
		return p.serve(ctx, line.Serve.Server, gated(&line.Serve), p.follow(args, line.Serve))
	case config.CheckConfig:
		return p.checkConfig(line.Config.Check.File)
	case config.ExampleConfig:
		return config.WriteExample(p.Stdout)
	case config.SchemaConfig:
		return config.WriteSchema(p.Stdout)
	case config.PrintSystemd:
		return snippet.WriteSystemd(p.Stdout)
	case config.PrintContainer:
		return snippet.WriteContainer(p.Stdout)
	case config.PrintNginx:
		return p.printProxy(&line.Snippet.Nginx, "nginx")
	case config.PrintCaddy:
		return p.printProxy(&line.Snippet.Caddy, "caddy")
	case config.PrintTraefik:
		return p.printProxy(&line.Snippet.Traefik, "traefik")
	case config.PrintEnvoy:
		return p.printProxy(&line.Snippet.Envoy, "envoy")
	case config.PrintHAProxy:
		return p.printHAProxy(&line.Snippet.Haproxy)
	case config.RunCheck:
		return p.check(ctx, &line.Check)
	case config.RunAudit:
		return p.audit(ctx, &line.Audit)
	case config.RunDoctor:
		if line.Doctor.Site != "" {
			return p.attack(ctx, &line.Doctor)
		}
		return p.doctor(ctx, &line.Doctor)
	case config.ExplainCookie:
		return p.explain(ctx, &line.Explain)
	case config.RunEcho:
		return p.echo(ctx, &line.Echo)
	case config.CopyStore:
		return p.copyStore(ctx, &line.Store.Copy)
	case config.ListKeys, config.RotateKeys, config.RetireOldKeys, config.CheckAllKeys:
		return p.keys(ctx, &line)
	case config.NewAppKey, config.ListAppKeys, config.RetireAppKey:
		return p.appKeys(&line)
	case config.AddOperator, config.ListOperators, config.ChangeOperator, config.RetireOperator, config.LinkOperator,
		config.ResetPasskey:
		return p.operators(&line)
	case config.ListWebhooks, config.ReplayWebhooks, config.ResumeWebhooks:
		return p.webhooks(ctx, &line)
	case config.ConvertCookies:
		return p.convert(ctx, line.Cookies.Convert)
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	_, err = fmt.Fprintf(p.Stdout, "coatcheck %s %s %s\n", version(), runtime.Version(), system)
	return err
}

// demo serves the shop, or says what it keeps.
func (p *Program) demo(ctx context.Context, flags *config.Demo) error {
	if flags.Inventory {
		return shop.Inventory.WriteTable(p.Stdout)
	}
	if flags.Receipts == "" {
		return p.serve(ctx, flags.Server, demo, nil)
	}
	file, err := os.OpenFile(flags.Receipts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--receipts: %w", err)
	}
	log, site := p.logger(flags.Server), demo
	site.observe = state.WriteReceipts(file, func(err error) {
		log.Error("an answer about consent is missing in the file of --receipts", "error", err)
	})
	return errors.Join(p.serve(ctx, flags.Server, site, nil), file.Close())
}

// checkConfig says what is wrong in a configuration file.
func (p *Program) checkConfig(name string) error {
	line, err := config.Parse([]string{"serve", "--config", name}, p.Stdout)
	if err == nil || errors.Is(err, config.ErrNoFolder) {
		err = line.Serve.CheckCertificates()
	}
	if err == nil {
		_, err = fmt.Fprintf(p.Stdout, "%s is good: %s.\n", name, count(len(line.Serve.All()), "site"))
		return err
	}
	problems := config.Problems(err)
	if len(problems) == 0 {
		return err
	}
	for _, problem := range problems {
		fmt.Fprintln(p.Stdout, problem)
	}
	return fmt.Errorf("%s has %s", name, count(len(problems), "mistake"))
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (p *Program) logger(flags config.Server) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelWarn}
	if flags.Verbose {
		options.Level = slog.LevelInfo
	}
	if flags.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.Stderr, options))
}

// release is the version of what is shipped, which the linker sets.
var release string

// version is that of the release or the module, or else the revision that the program was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown version)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
