package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/cookies"
	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar/format"
)

func (p *Program) convert(ctx context.Context, flags config.Convert) error {
	options, err := convertOptions(flags)
	if err != nil {
		return fmt.Errorf("convert cookies: %w", err)
	}
	c := cookies.Conversion{
		From: flags.From, To: flags.To, FromFormat: flags.FromFormat, ToFormat: flags.ToFormat, Strict: flags.Strict,
		Options: options,
		Stdin:   p.Stdin, Stdout: p.Stdout, Losses: p.Stderr,
	}
	if check.Terminal(p.Stderr) {
		c.Progress = p.Stderr
	}
	report, err := c.Run(ctx)
	if printErr := report.Print(p.Stderr); err == nil {
		err = printErr
	}
	if err != nil {
		return fmt.Errorf("convert cookies: %w", err)
	}
	return nil
}

// convertOptions are what a file of cookies does not tell, and the command line does.
func convertOptions(flags config.Convert) (o format.Options, err error) {
	o = format.Options{For: format.Reader(flags.For)}
	if o.Container, err = cookies.Container(flags.From, flags.Container); err != nil {
		return o, fmt.Errorf("--container: %w", err)
	}
	if flags.URL != "" {
		if o.URL, err = weburl.Parse(flags.URL); err != nil {
			return o, fmt.Errorf("--url: %w", err)
		}
	}
	if name, ok := strings.CutPrefix(flags.Secret, "env:"); ok {
		if o.Secret = []byte(os.Getenv(name)); len(o.Secret) == 0 {
			return o, fmt.Errorf("--secret: the variable %s is empty or not set", name)
		}
		return o, nil
	}
	if flags.Secret != "" {
		text, err := os.ReadFile(flags.Secret)
		if err != nil {
			return o, fmt.Errorf("--secret: %w", err)
		}
		o.Secret = bytes.TrimRight(text, "\r\n")
	}
	return o, nil
}
