package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"coatcheck.dev/lint"
)

// Options say what to check, and how to show the outcome. What stands first here is read first.
type Options struct {
	Pages []string // URLs to fetch, in this order, as one visitor
	HAR   string   // the file of an HTTP archive; "" is none
	Lines string   // the file of Set-Cookie lines; "-" is Stdin, "" is none
	URL   string   // of the response, for Lines without a URL line above

	Format string // text, json or sarif
	FailOn string // the lowest severity that fails: error, warning or note; or never

	Stdin   io.Reader
	Colour  bool
	Fetcher *Fetcher // nil is one of its own
}

// Run checks, and writes the report to out. Its error says how many findings are at or above FailOn.
func Run(ctx context.Context, o Options, out io.Writer) error {
	responses, err := o.read(ctx)
	if err != nil {
		return err
	}
	report := lint.Check(responses, time.Now())
	switch o.Format {
	case "json":
		err = report.WriteJSON(out)
	case "sarif":
		err = report.WriteSARIF(out)
	default:
		err = report.WriteText(out, o.Colour)
		if err == nil && o.HAR != "" && len(report.Cookies) == 0 {
			_, err = fmt.Fprintln(out, stripped)
		}
	}
	if err != nil || o.FailOn == "never" {
		return err
	}
	least, err := lint.ParseSeverity(o.FailOn)
	if err != nil {
		return err
	}
	switch n := report.Count(least); n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("1 finding at or above the severity %s", least)
	default:
		return fmt.Errorf("%d findings at or above the severity %s", n, least)
	}
}

// stripped is why an archive has no cookies, nearly always.
const stripped = "No response in the archive sets a cookie. " +
	"Browsers leave cookies out of an archive unless they are asked to export sensitive data."

func (o *Options) read(ctx context.Context) ([]lint.Response, error) {
	if len(o.Pages) == 0 && o.HAR == "" && o.Lines == "" {
		return nil, errors.New("there is nothing to check; give a URL, --har or --lines")
	}
	fetcher := o.Fetcher
	if fetcher == nil {
		fetcher = NewFetcher(nil)
	}
	var all []lint.Response
	for _, page := range o.Pages {
		list, err := fetcher.Fetch(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	if o.HAR != "" {
		list, err := o.file(o.HAR, lint.ReadHAR)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	if o.Lines != "" {
		var u *url.URL
		if o.URL != "" {
			var err error
			if u, err = parseURL(o.URL); err != nil {
				return nil, fmt.Errorf("--url: %w", err)
			}
		}
		list, err := o.file(o.Lines, func(r io.Reader) ([]lint.Response, error) { return lint.ReadLines(r, u) })
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// file reads a file, or standard input for "-".
func (o *Options) file(name string, read func(io.Reader) ([]lint.Response, error)) ([]lint.Response, error) {
	if name == "-" {
		return read(o.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// Terminal reports whether w is a terminal that wants colour. NO_COLOR (no-color.org) says that it does not.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
