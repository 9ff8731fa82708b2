package probe

import (
	"context"
	"errors"
	"fmt"
)

// A Status says how a row has come out.
type Status string

// The statuses.
const (
	OK        Status = "ok"
	Dangerous Status = "dangerous"
	Unknown   Status = "unknown" // it could not be tried
)

// A Finding is what has come of one row.
type Finding struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Tried  string `json:"tried"`
	Got    string `json:"got"`
	Fix    string `json:"fix,omitempty"` // what to change, or what the doctor needs to try it
}

// A Report is what has come of all rows.
type Report struct {
	Site     string    `json:"site"`
	Requests int       `json:"requests"`
	Findings []Finding `json:"findings"`
}

// An attempt is one row: one thing that may be wrong. An error of its function makes it unknown.
type attempt struct {
	name string
	try  func(a *attack, ctx context.Context) (Finding, error)
}

// rows are all of them, in the order of the report. Those about other spellings come after the one whose result they
// need.
var rows = []attempt{
	{"identity", (*attack).plainly},
	{"identity-doubled", (*attack).doubled},
	{"identity-signs", (*attack).otherSigns},
	{"identity-paths", (*attack).elsewhere},
	{"identity-space", (*attack).spaced},
	{"identity-connection", (*attack).connection},
	{"identity-trailer", (*attack).trailer},
	{"identity-http10", (*attack).http10},
	{"identity-http2", (*attack).http2},
	{"identity-answer", (*attack).leak},
	{"tokens", (*attack).tokens},
	{"client-address", (*attack).clientAddress},
	{"forwarded", (*attack).forwarded},
	{"misleading", (*attack).misleading},
	{"required", (*attack).required},
	{"required-headers", (*attack).requiredHeaders},
	{"required-spelling", (*attack).requiredSpelling},
	{"required-method", (*attack).requiredMethod},
	{"cross-site", (*attack).crossSite},
	{"auth-endpoint", (*attack).authEndpoint},
	{"upstream", (*attack).upstream},
	{"cookie", (*attack).cookie},
	{"two-cookies", (*attack).twoCookies},
	{"large-cookies", (*attack).largeCookies},
	{"caching", (*attack).caching},
	{"caching-session", (*attack).cachingSession},
	{"status", (*attack).statuses},
	{"outage", (*attack).outage},
	{"websocket", (*attack).socket},
	{"events", (*attack).events},
	{"https", (*attack).secure},
	{"redirect", (*attack).redirect},
	{"hsts", (*attack).strict},
}

// ok, dangerous and unknown are the three ways a row can come out.
func ok(tried, got string) (Finding, error) {
	return Finding{Status: OK, Tried: tried, Got: got}, nil
}

func dangerous(tried, got, fix string) (Finding, error) {
	return Finding{Status: Dangerous, Tried: tried, Got: got, Fix: fix}, nil
}

func unknown(tried, why, need string) (Finding, error) {
	return Finding{Status: Unknown, Tried: tried, Got: why, Fix: need}, nil
}

// report tries rows.
func (a *attack) report(rows []attempt, ctx context.Context) (*Report, error) {
	r := &Report{Site: a.site.String()}
	for _, row := range rows {
		f, err := row.try(a, ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			f = Finding{Status: Unknown, Tried: f.Tried, Got: err.Error(),
				Fix: "try again; if it stays so, look into " +
					"the proxy's log"}
			if f.Tried == "" {
				f.Tried = "a request that is part of this row"
			}
		}
		f.Name = row.name
		r.Findings = append(r.Findings, f)
	}
	r.Requests = a.sent
	return r, nil
}

// Err is for the exit status: it says how many dangers there are, if any.
func (r *Report) Err() error {
	n := 0
	for _, f := range r.Findings {
		if f.Status == Dangerous {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("1 danger: see above")
	}
	return fmt.Errorf("%d dangers: see above", n)
}
