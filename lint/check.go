package lint

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// MaxCookies is the number of Set-Cookie lines in a [Check]; a [Report] tells whether there were more.
const MaxCookies = 5_000

// Browsers are the profiles that judge cookies. Rules look at the first ones alone: what is said of WebKitGTK is the
// verdict, because it keeps what no other browser does, and drops other things.
var Browsers = [...]jar.Profile{jar.Chrome, jar.Firefox, jar.Safari, jar.WebKitGTK}

// judges returns the outcomes that rules look at.
func (c *Cookie) judges() []Outcome { return c.Outcomes[:len(Browsers)-1] }

// limits are those of Chrome; the others have the same for the cookies of a site.
var limits = jar.Chrome.Limits()

// A Response is the part of a site's response about cookies. Each redirect is a response of its own.
type Response struct {
	// URL is the requested URL: absolute, http or https.
	URL *url.URL
	// SetCookie are the values of the Set-Cookie headers, in order.
	SetCookie []string
	// Redirects are the URLs before URL in a chain of redirects, the first one first.
	Redirects []*url.URL
	// Context is the request that fetched this response; nil means a visitor opened the page directly. Its URL and
	// Redirects do not count.
	Context *jar.Request
	// At is the time of the response; zero is the time of the check.
	At time.Time
	// Date is the Date header of the response, from which Expires is counted; zero means that the clocks agree.
	Date time.Time
	// ClearSiteData are the values of the Clear-Site-Data headers.
	ClearSiteData []string
}

// A Cookie is one Set-Cookie line and its fate.
type Cookie struct {
	URL      *url.URL
	Line     cookie.Parsed
	Outcomes [len(Browsers)]Outcome // in the order of Browsers
	Findings []Finding

	response int // index of the response
	now      time.Time
	top      *url.URL // the embedding page; nil is none
	embedded bool     // by a page of another site
	repairs  []func(*cookie.Cookie)
	hopeless bool // no header can repair some finding
}

// An Outcome is the fate of a line in one browser.
type Outcome struct {
	Browser jar.Profile
	// Stored is the kept cookie, or for a dropped one the cookie that it would have been.
	Stored jar.Cookie
	// Reasons are those for and against the cookie. An exclusion among them means that it is dropped.
	Reasons cookie.Reasons
	// Cleared reports that the Clear-Site-Data header of the same response takes the cookie away again.
	Cleared bool
	// Deletes reports that the browser obeys the line but stores nothing, because its time is over.
	Deletes bool
}

// Kept reports whether the browser obeys the line.
func (o *Outcome) Kept() bool { return !o.Reasons.Excluded() && !o.Cleared }

// A Finding is a fault of a cookie, found by a rule.
type Finding struct {
	Rule    *Rule
	Message string // the fault and the remedy, without the cookie's value
}

// A Report is the outcome of a check.
type Report struct {
	Cookies []Cookie
	// Truncated reports that there were more than MaxCookies lines. The rest was not checked.
	Truncated bool
}

// Check judges the responses of a site, in the order in which a browser got them, received at the time now. It skips
// URLs without a host.
func Check(responses []Response, now time.Time) *Report {
	lines := 0
	for _, r := range responses {
		lines += len(r.SetCookie)
	}
	report := &Report{Cookies: make([]Cookie, 0, min(lines, MaxCookies))}
	for i, r := range responses {
		if r.URL == nil || r.URL.Host == "" {
			continue
		}
		at := now
		if !r.At.IsZero() {
			at = r.At
		}
		embedded := r.embedded()
		for _, line := range r.SetCookie {
			if len(report.Cookies) == MaxCookies {
				report.Truncated = true
				break
			}
			report.Cookies = append(report.Cookies,
				Cookie{URL: r.URL, Line: cookie.Parse(line), response: i, now: at, top: r.top(), embedded: embedded})
		}
	}
	jars := report.decide(responses, now)
	for i := range report.Cookies {
		for _, rule := range rules {
			if rule.each != nil {
				rule.each(&report.Cookies[i], report.Cookies[i].reports(rule))
			}
		}
	}
	s := newSite(report, responses, jars[0])
	for _, rule := range rules {
		if rule.all != nil {
			rule.all(s, func(c *Cookie) reporter { return c.reports(rule) })
		}
	}
	return report
}

// decide plays the lines to a jar of each browser, because earlier cookies count too.
func (r *Report) decide(responses []Response, now time.Time) (jars [len(Browsers)]*jar.Jar) {
	for b, browser := range Browsers {
		clock := now
		// Too many cookies are to be found, not evicted.
		jars[b] = jar.New(jar.Options{Profile: browser, Now: func() time.Time { return clock },
			Limits: jar.Limits{Bytes: limits.Bytes}})
		for first := 0; first < len(r.Cookies); {
			next := first
			for next < len(r.Cookies) && r.Cookies[next].response == r.Cookies[first].response {
				next++
			}
			clock = r.Cookies[first].now
			receive(jars[b], &responses[r.Cookies[first].response], r.Cookies[first:next], b)
			first = next
		}
	}
	return jars
}

// receive plays the cookies of one response to the jar of a browser.
func receive(to *jar.Jar, response *Response, cookies []Cookie, b int) {
	request := response.request()
	header := http.Header{"Clear-Site-Data": response.ClearSiteData}
	for i := range cookies {
		header["Set-Cookie"] = append(header["Set-Cookie"], cookies[i].Line.Raw)
	}
	reasons := to.Receive(request, header)
	for i := range cookies {
		c := &cookies[i]
		stored, _ := to.Profile().Decide(&c.Line, request, c.now)
		deletes := !stored.Expires.IsZero() && !stored.Expires.After(c.now)
		c.Outcomes[b] = Outcome{
			Browser: to.Profile(), Stored: stored, Reasons: reasons[i], Deletes: deletes,
			Cleared: len(response.ClearSiteData) > 0 && !reasons[i].Excluded() && !deletes && !to.Has(&stored),
		}
	}
}

func (r *Response) request() *jar.Request {
	request := jar.Request{Kind: jar.Navigation}
	if r.Context != nil {
		request = *r.Context
	}
	request.URL, request.Redirects = r.URL, r.Redirects
	if !r.Date.IsZero() {
		request.Date = r.Date
	}
	return &request
}

// reporter takes a finding and its repair. Without one, no header can repair it.
type reporter func(message string, repair ...func(*cookie.Cookie))

// asIs repairs a finding about an attribute without effect: a fix has none of these anyway.
func asIs(*cookie.Cookie) {}

func (c *Cookie) reports(rule *Rule) reporter {
	return func(message string, repair ...func(*cookie.Cookie)) {
		c.Findings = append(c.Findings, Finding{Rule: rule, Message: message})
		c.repairs = append(c.repairs, repair...)
		c.hopeless = c.hopeless || len(repair) == 0
	}
}

// Count returns the number of findings of a severity and above.
func (r *Report) Count(least Severity) (n int) {
	for i := range r.Cookies {
		for _, f := range r.Cookies[i].Findings {
			if f.Rule.Severity >= least {
				n++
			}
		}
	}
	return n
}

// dropped reports whether the reason is the first one for some browser to drop the cookie.
func (c *Cookie) dropped(why cookie.Reason) bool {
	for i := range c.judges() {
		if o := &c.Outcomes[i]; o.decided() == why && !(o.Browser == jar.Safari && c.localhost()) {
			return true
		}
	}
	return false
}

// localhost reports whether the cookie is Secure and the URL http. All browsers but Safari allow that on the same
// machine. Sites are developed there, but findings are about the site in production.
func (c *Cookie) localhost() bool {
	return c.Line.Secure && c.URL.Scheme == "http" && c.Outcomes[0].Kept()
}

const undecided = cookie.Reason(255)

// decided returns the first exclusion, or undecided.
func (o *Outcome) decided() cookie.Reason {
	for why := range o.Reasons.Exclusions().All() {
		return why
	}
	return undecided
}

func (r *Response) top() *url.URL {
	if r.Context == nil || r.Context.Kind == jar.Navigation {
		return nil
	}
	return r.Context.TopLevel
}

// embedded reports whether a page of another site sent the request. Only SameSite=None can be set then, and is
// needed.
func (r *Response) embedded() bool {
	if r.Context == nil {
		return false
	}
	probe := cookie.Parse("a=1; SameSite=Lax")
	_, why := jar.Chrome.Decide(&probe, r.request(), time.Time{})
	return why.Has(cookie.ExcludeSameSiteLax)
}

// keptAnywhere reports whether some browser keeps the cookie.
func (c *Cookie) keptAnywhere() bool {
	return slices.ContainsFunc(c.judges(), func(o Outcome) bool { return o.Kept() })
}

// deletes reports whether the line is a deletion.
func (c *Cookie) deletes() bool { return c.Outcomes[0].Deletes }

// sessionNames ends the texts of the rules about session cookies.
const sessionNames = " This is for names such as sid, session, auth, login and token."

// session reports whether some browser keeps the cookie, under a name like that of a session cookie.
func (c *Cookie) session() bool {
	if !c.keptAnywhere() || c.deletes() {
		return false
	}
	name := strings.ToLower(strings.TrimPrefix(c.Line.Name, cookie.PrefixOf(c.Line.Name).String()))
	for _, word := range []string{"sess", "login", "auth", "ticket", "remember"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return name == "sid" || strings.HasSuffix(name, ".sid") || strings.HasSuffix(name, "_sid") || name == "token" ||
		name == "jwt"
}
