package probe

import (
	"context"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// pretended is an address that nobody has: RFC 5737.
const pretended = "203.0.113.77"

// believed sends lines of a header, and returns the names that reached the app with what the client said in the first
// place: most apps believe that one.
func (a *attack) believed(ctx context.Context, said func(first string) bool, lines ...string) (names []string,
	_ error) {
	got, err := a.get(ctx, a.fresh(), lines...)
	if err != nil || got.report == nil {
		return nil, err
	}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		for _, v := range got.report.Values(name, true) {
			begin, _, _ := strings.Cut(v, ",")
			if said(strings.TrimSpace(begin)) {
				names = append(names, echo.Plain(name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func has(part string) func(string) bool {
	return func(first string) bool { return strings.Contains(first, part) }
}

func (a *attack) clientAddress(ctx context.Context) (Finding, error) {
	const tried = "a client that says in X-Forwarded-For and the like that it is another"
	names, err := a.believed(ctx, has(pretended), "X-Forwarded-For: "+pretended, "X-Real-IP: "+pretended,
		"Forwarded: for="+pretended, "True-Client-IP: "+pretended, "X-Client-IP: "+pretended,
		"X_Forwarded_For: "+pretended, "X_Real_IP: "+pretended)
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case len(names) > 0:
		return dangerous(tried, "the app was told so in "+named(names), "have the first proxy set X-Forwarded-For "+
			"to the "+
			"address of its client (nginx: $remote_addr), and remove the others; most apps believe the first address")
	}
	return ok(tried, "the app is told the client's address, whatever the client says")
}

func (a *attack) forwarded(ctx context.Context) (Finding, error) {
	const tried = "a client that says in X-Forwarded-Host and -Proto where it is"
	said := a.mark + ".example"
	names, err := a.believed(ctx, has(said), "X-Forwarded-Host: "+said, "X_Forwarded_Host: "+said)
	if err != nil {
		return Finding{Tried: tried}, err
	}
	other := map[string]string{"http": "https", "https": "http"}[a.site.Scheme]
	protocols, err := a.believed(ctx, func(first string) bool { return first == other }, "X-Forwarded-Proto: "+other,
		"X_Forwarded_Proto: "+other)
	names = append(names, protocols...)
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case len(names) > 0:
		return dangerous(tried, "the app was told so in "+named(names)+", and writes it into links, as in a mail to "+
			"reset a password", "have the proxy set X-Forwarded-Host and X-Forwarded-Proto itself, whatever its "+
			"client sends")
	}
	return ok(tried, "the app is told the site's host and protocol, whatever the client says")
}

func (a *attack) misleading(ctx context.Context) (Finding, error) {
	const tried = "headers that make a request look like a different one"
	said := "/" + a.mark
	names, err := a.believed(ctx, has(said), "X-Original-URL: "+said, "X-Rewrite-URL: "+said, "X-Original-URI: "+said,
		"X-Forwarded-Uri: "+said, "X-HTTP-Method-Override: "+said, "X-HTTP-Method: "+said, "X-Method-Override: "+said,
		"X_Original_URL: "+said, "X_HTTP_Method_Override: "+said)
	switch {
	case err != nil:
		return Finding{Tried: tried}, err
	case len(names) > 0:
		return dangerous(tried, named(names)+" reached the app: frameworks that heed it do something else than "+
			"what the "+
			"proxy has checked", "have the proxy remove these headers, unless the app asks for one of them")
	}
	return ok(tried, "none of X-Original-URL, X-HTTP-Method-Override and the like reached the app")
}
