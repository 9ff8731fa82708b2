package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"time"

	"coatcheck.dev/internal/visible"
	"coatcheck.dev/lint"
)

// Options say what to check, and how to show the outcome. What stands first here is read first.
type Options struct {
	Pages   []string // URLs to fetch, in this order, as one visitor
	Cookies string   // the file of cookies that the visitor has before; "" is none
	Header  []string // "Name: value", sent to the hosts of Pages
	Request string   // the method for the first of Pages; "" is GET, or POST with Data
	Data    string   // the body for it
	Crawl   int      // so many pages of the same site are fetched at most, by following links; 0 for Pages alone

	HAR   string // the file of an HTTP archive; "" is none
	Lines string // the file of Set-Cookie lines; "-" is Stdin, "" is none
	URL   string // of the response, for Lines without a URL line above

	Format string // text, json or sarif
	FailOn string // the lowest severity that fails: error, warning or note; or never

	Stdin   io.Reader
	Losses  io.Writer // gets a line for each entry of HAR that cannot be read; nil for none
	Colour  bool
	Fetcher *Fetcher // nil is one of its own

	Progress io.Writer // a terminal, which is told how far it is in a long file; nil for none
	meter    *meter
}

// Run checks, and writes the report to out. Its error is an [Error], unless the report cannot be written.
func Run(ctx context.Context, o Options, out io.Writer) error {
	report, missed := o.judge(ctx)
	if report == nil {
		return missed
	}
	var err error
	switch o.Format {
	case "json":
		err = report.WriteJSON(out)
	case "sarif":
		err = report.WriteSARIF(out)
	default:
		err = report.WriteText(out, o.Colour)
	}
	if err := cmp.Or(err, missed); err != nil {
		return err
	}
	return o.verdict(report)
}

// judge reads what there is to check, and judges it. With an error there is a report if a page could not be fetched and
// cookies came from elsewhere.
func (o *Options) judge(ctx context.Context) (*lint.Report, error) {
	o.meter = &meter{}
	if o.HAR != "" || o.Lines != "" {
		defer o.meter.follow(o.Progress)()
	}
	responses, err := o.read(ctx)
	if err != nil && !setCookies(responses) {
		return nil, err
	}
	o.meter.judging.Store(true)
	return lint.Check(responses, time.Now()), err
}

func setCookies(responses []lint.Response) bool {
	return slices.ContainsFunc(responses, func(r lint.Response) bool { return len(r.SetCookie) > 0 })
}

// verdict is the error of a report.
func (o *Options) verdict(report *lint.Report) error {
	if len(report.Cookies) == 0 {
		return &Error{Nothing, errors.New("nothing to judge: " + o.hint())}
	}
	if o.FailOn == "never" {
		return nil
	}
	least, err := lint.ParseSeverity(o.FailOn)
	if err != nil {
		return &Error{Usage, err}
	}
	switch n := report.Count(least); n {
	case 0:
		return nil
	case 1:
		return &Error{Findings, fmt.Errorf("1 finding at or above the severity %s", least)}
	default:
		return &Error{Findings, fmt.Errorf("%d findings at or above the severity %s", n, least)}
	}
}

// hint is why there are no cookies, nearly always.
func (o *Options) hint() string {
	switch {
	case o.HAR != "":
		return "no response in the archive sets a cookie; " +
			"browsers leave cookies out of an archive unless they are asked to export sensitive data"
	case o.Lines != "":
		return "there is no Set-Cookie line; curl -D - writes those of a response"
	}
	return "no page sets a cookie; sign in first (--request POST --data, --cookies, --header), " +
		"or see more pages (--pages)"
}

// read reads what there is to check. A page that could not be fetched is an error beside the responses, any other one
// stands alone.
func (o *Options) read(ctx context.Context) ([]lint.Response, error) {
	if len(o.Pages) == 0 && o.HAR == "" && o.Lines == "" {
		return nil, &Error{Usage, errors.New("there is nothing to check; give a URL, --har or --lines")}
	}
	all, missed := o.fetch(ctx)
	if o.HAR != "" {
		list, err := o.file(o.HAR, o.archive)
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
				return nil, &Error{Usage, fmt.Errorf("--url: %w", err)}
			}
		}
		list, err := o.file(o.Lines, func(r io.Reader) ([]lint.Response, error) { return lint.ReadLines(r, u) })
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, missed
}

// archive reads an archive, and tells of the entries that are left out.
func (o *Options) archive(r io.Reader) ([]lint.Response, error) {
	list, left, err := lint.ReadHAR(r)
	for _, loss := range left {
		if o.Losses != nil {
			fmt.Fprintln(o.Losses, visible.Text(loss.String()))
		}
	}
	return list, err
}

// file reads a file, or standard input for "-".
func (o *Options) file(name string, read func(io.Reader) ([]lint.Response, error)) ([]lint.Response, error) {
	from := o.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &Error{Usage, err}
		}
		defer f.Close()
		from = f
	}
	list, err := read(o.meter.reader(from))
	if err != nil {
		return nil, &Error{Usage, fmt.Errorf("%s: %w", name, err)}
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
