package check

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"coatcheck.dev/cmd/coatcheck/internal/cookies"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/jar/format"
	"coatcheck.dev/lint"
)

// fetch gets the pages, and then those that they link to. With an error, that of the first page that could not be
// fetched, there are the responses of the others, and those on the way to it.
func (o *Options) fetch(ctx context.Context) (all []lint.Response, err error) {
	if len(o.Pages) == 0 {
		return nil, nil
	}
	fetcher := o.Fetcher
	if fetcher == nil {
		fetcher = NewFetcher(nil)
	}
	if err := o.prepare(ctx, fetcher); err != nil {
		return nil, &Error{Usage, err}
	}
	method, body := cmp.Or(o.Request, http.MethodGet), o.Data
	if o.Request == "" && body != "" {
		method = http.MethodPost
	}
	seen, ahead := map[string]bool{}, []string(nil)
	for _, page := range o.Pages {
		list, failed := fetcher.Fetch(ctx, method, page, body)
		if err == nil {
			err = failed
		} else if failed != nil {
			o.lose(failed)
		}
		all = append(all, list...)
		mark(seen, list)
		ahead = append(ahead, texts(fetcher.page.links)...)
		method, body = http.MethodGet, ""
	}
	for n := len(o.Pages); n < o.Crawl && len(ahead) > 0; {
		page := ahead[0]
		if ahead = ahead[1:]; seen[page] {
			continue
		}
		seen[page] = true
		n++
		list, failed := fetcher.Fetch(ctx, http.MethodGet, page, "")
		all = append(all, list...)
		mark(seen, list)
		if failed != nil {
			o.lose(failed) // the site links to it, the user did not ask for it
			continue
		}
		ahead = append(ahead, texts(fetcher.page.links)...)
	}
	return all, err
}

func mark(seen map[string]bool, list []lint.Response) {
	for _, r := range list {
		seen[r.URL.String()] = true
	}
}

func texts(urls []*url.URL) (list []string) {
	for _, u := range urls {
		list = append(list, u.String())
	}
	return list
}

// lose tells of something that is left out.
func (o *Options) lose(what error) {
	if o.Losses != nil {
		fmt.Fprintln(o.Losses, "left out:", visible.Text(what.Error()))
	}
}

// prepare gives the fetcher what the visitor brings along.
func (o *Options) prepare(ctx context.Context, f *Fetcher) error {
	f.Header = http.Header{}
	for _, line := range o.Header {
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf(`--header %.20q is not a header such as "Authorization: Bearer …"`, name)
		}
		f.Header.Add(textproto.CanonicalMIMEHeaderKey(name), value)
	}
	var first *url.URL
	for _, page := range o.Pages {
		u, err := parseURL(page)
		if err != nil {
			return err
		}
		f.Hosts, first = append(f.Hosts, u.Host), cmp.Or(first, u)
	}
	if o.Cookies == "" {
		return nil
	}
	// A file that does not say where its cookies belong is about the first page.
	list, losses, err := cookies.Read(ctx, o.Cookies, format.Options{URL: first})
	if err != nil {
		return fmt.Errorf("--cookies: %w", err)
	}
	for _, loss := range losses {
		if o.Losses != nil {
			fmt.Fprintln(o.Losses, visible.Text(loss.String()))
		}
	}
	for _, c := range list {
		if err := f.visitor.Jar.Add(c); err != nil {
			o.lose(fmt.Errorf("--cookies: %w", err))
		}
	}
	return nil
}
