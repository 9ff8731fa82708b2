package jar

import (
	"net/http"

	"coatcheck.dev/cookie"
	"coatcheck.dev/internal/sitedata"
)

// Receive takes all that the response to a request says about cookies, and returns the outcome of each Set-Cookie line
// as [Jar.Set] does. Expires is counted from the Date of the response, unless r has one. Clear-Site-Data removes what
// [Profile.Clears] says, and so does not spare what the same response sets, in whichever order the headers stand.
func (j *Jar) Receive(r *Request, header http.Header) []cookie.Reasons {
	lines := header["Set-Cookie"]
	dated := *r
	if dated.Date.IsZero() {
		dated.Date, _ = http.ParseTime(header.Get("Date")) // without a sound one, the clocks agree
	}
	clears := sitedata.ClearsCookies(header)
	outcomes := make([]cookie.Reasons, len(lines))
	for i, line := range lines {
		if clears && j.rules.clearingRefusesLines {
			p := cookie.Parse(line)
			_, outcomes[i] = j.profile.Decide(&p, &dated, j.now())
			continue
		}
		outcomes[i] = j.Set(&dated, line)
	}
	if clears {
		a := j.profile.access(&dated, true, j.now())
		j.dropAll(func(e *entry) bool { return a.clears(&e.Cookie, &dated) }, Cleared)
	}
	return outcomes
}

// Has reports whether the jar has a cookie of the same identity: name, Domain, HostOnly, Path and Partition.
func (j *Jar) Has(c *Cookie) bool {
	now := j.now()
	j.mu.RLock()
	defer j.mu.RUnlock()
	e := j.index.find(c)
	return e != nil && !e.expired(now)
}

// Clears reports whether a response to the request removes a cookie by Clear-Site-Data: "cookies" or "*".
//
// The standard empties the registrable domain, and Chromium does so, outside of partitions and in the partition of the
// request. Firefox empties the host alone, in the partition of a third party or else outside of partitions. All of them
// only obey https and this machine itself (https://www.w3.org/TR/clear-site-data/).
func (p Profile) Clears(c *Cookie, r *Request) bool {
	a := p.access(r, true, c.Created)
	return a.clears(c, r)
}

func (a *access) clears(c *Cookie, r *Request) bool {
	if !a.encrypted && !(a.cookieable && isLocalhost(a.host)) {
		return false
	}
	if a.rules.clearsHostAlone {
		return c.Domain == a.host && (c.Partition == Partition{} && !a.thirdParty ||
			a.thirdParty && c.Partition == a.partition(r))
	}
	return siteOf(c.Domain) == siteOf(a.host) && (c.Partition == Partition{} || c.Partition == a.partition(r))
}
