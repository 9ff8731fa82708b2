package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/audit"
	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/cookies"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar/format"
	"coatcheck.dev/state"
)

// audit visits a site in a browser. What is wrong with the command line, or a file that it names, is found before that.
func (p *Program) audit(ctx context.Context, flags *config.Audit) error {
	o, err := p.auditOptions(ctx, flags)
	if err != nil {
		return &check.Error{Status: check.Usage, Err: err}
	}
	to := audit.Output{Format: flags.Format, Report: flags.Report, FailOn: flags.FailOn,
		Colour: check.Terminal(p.Stdout)}
	return audit.Run(ctx, o, to, p.Stdout)
}

func (p *Program) auditOptions(ctx context.Context, flags *config.Audit) (*audit.Options, error) {
	o := &audit.Options{
		Pages: flags.Pages, Links: flags.Links, Settle: flags.Settle, Accept: flags.BannerAccept,
		Reject: flags.BannerReject, Settings: flags.BannerSettings, Chromium: flags.Chromium, Flags: flags.ChromiumFlag,
		NoShots: flags.Report == "" && flags.Format != "html",
	}
	if !flags.Quiet {
		o.Progress = func(line string) { fmt.Fprintln(p.Stderr, line) }
	}
	var err error
	if flags.Inventory != "" {
		if o.Inventory, err = readInventory(ctx, flags.Inventory); err != nil {
			return nil, fmt.Errorf("--inventory %s: %w", flags.Inventory, err)
		}
	}
	for _, name := range flags.Script {
		s, err := readScript(name)
		if err != nil {
			return nil, fmt.Errorf("--script: %w", err)
		}
		o.Scripts = append(o.Scripts, s)
	}
	if flags.Cookies != "" {
		first, _ := weburl.Parse(flags.Pages[0]) // nil is no URL, which o.Check tells
		list, losses, err := cookies.Read(ctx, flags.Cookies, format.Options{URL: first})
		if err != nil {
			return nil, fmt.Errorf("--cookies: %w", err)
		}
		for _, loss := range losses {
			fmt.Fprintln(p.Stderr, visible.Text(loss.String()))
		}
		o.Cookies = list
	}
	return o, o.Check()
}

func readScript(name string) (*audit.Script, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return audit.ReadScript(filepath.Base(name), f, os.LookupEnv)
}

// readInventory reads the JSON form of an inventory from a file or a URL.
func readInventory(ctx context.Context, name string) (*state.Inventory, error) {
	open := func() (io.ReadCloser, error) { return os.Open(name) }
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		open = func() (io.ReadCloser, error) { return fetch(ctx, name) }
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, state.MaxInventory+1))
	if err != nil {
		return nil, err
	}
	return state.ParseInventory(text)
}

func fetch(ctx context.Context, address string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("the answer is %s", answer.Status)
	}
	return answer.Body, nil
}
