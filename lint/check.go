package lint

import (
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// MaxCookies is how many Set-Cookie lines [Check] looks at; a [Report] says whether there were more.
const MaxCookies = 5_000

// Browsers are the profiles that cookies are judged by.
var Browsers = [...]jar.Profile{jar.Chrome, jar.Firefox, jar.Safari}

// A Response is what one response of a site said about cookies. Responses to redirects count, each by itself.
type Response struct {
	// URL is what was requested: an absolute http or https URL.
	URL *url.URL
	// SetCookie are the values of the Set-Cookie headers, in order.
	SetCookie []string
	// Redirects are the URLs that have led here, the first one first.
	Redirects []*url.URL
	// Context is the request where it is another than that of a visitor who opens the page, which nil is. Its URL and
	// Redirects do not count.
	Context *jar.Request
	// At is when it was received; zero is the time of the check.
	At time.Time
}

// A Cookie is one Set-Cookie line and what becomes of it.
type Cookie struct {
	URL      *url.URL
	Line     cookie.Parsed
	Outcomes [len(Browsers)]Outcome // in the order of Browsers
	Findings []Finding

	response int // which of the responses, from 0
	now      time.Time
	top      *url.URL // the page that embeds what was requested; nil is none
	embedded bool     // ... and it is of another site
	repairs  []func(*cookie.Cookie)
	hopeless bool // a finding has no repair that a header could show
}

// An Outcome is what one browser makes of a line.
type Outcome struct {
	Browser jar.Profile
	// Stored is the cookie as it is kept, or as it would have been.
	Stored jar.Cookie
	// Reasons are those for and against it. With exclusions among them the cookie is dropped.
	Reasons cookie.Reasons
	// Deletes reports that the line is kept but stores nothing: its time was over.
	Deletes bool
}

// Kept reports whether the browser obeys the line.
func (o *Outcome) Kept() bool { return !o.Reasons.Excluded() }

// A Finding is something that a rule has against a cookie.
type Finding struct {
	Rule    *Rule
	Message string // what is wrong here, and what to do; without the cookie's value
}

// A Report is the outcome of a check.
type Report struct {
	Cookies []Cookie
	// Truncated reports that there were more than MaxCookies lines, and that the rest was not looked at.
	Truncated bool
}

// Check judges the responses of a site in the order in which a browser got them, received at the time now. URLs that
// are nil or have no host are passed over.
func Check(responses []Response, now time.Time) *Report {
	report := &Report{}
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
			report.Cookies = append(report.Cookies, Cookie{URL: r.URL, Line: cookie.Parse(line), response: i, now: at, top: r.top(), embedded: embedded})
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

// decide plays the lines to a jar of each browser, so that what depends on earlier cookies counts, too.
func (r *Report) decide(responses []Response, now time.Time) (jars [len(Browsers)]*jar.Jar) {
	for b, browser := range Browsers {
		clock := now
		// Without limits on the number of cookies, or the finding that there are too many would never be made.
		jars[b] = jar.New(jar.Options{Profile: browser, Now: func() time.Time { return clock }, Limits: jar.Limits{Bytes: 64 << 20}})
		for i := range r.Cookies {
			c := &r.Cookies[i]
			clock = c.now
			request := responses[c.response].request()
			stored, _ := browser.Decide(&c.Line, request, c.now)
			c.Outcomes[b] = Outcome{
				Browser: browser, Stored: stored, Reasons: jars[b].Set(request, c.Line.Raw),
				Deletes: !stored.Expires.IsZero() && !stored.Expires.After(c.now),
			}
		}
	}
	return jars
}

func (r *Response) request() *jar.Request {
	request := jar.Request{Kind: jar.Navigation}
	if r.Context != nil {
		request = *r.Context
	}
	request.URL, request.Redirects = r.URL, r.Redirects
	return &request
}

// reporter takes a finding, with what repairs it; no repair says that no header could.
type reporter func(message string, repair ...func(*cookie.Cookie))

func (c *Cookie) reports(rule *Rule) reporter {
	return func(message string, repair ...func(*cookie.Cookie)) {
		c.Findings = append(c.Findings, Finding{Rule: rule, Message: message})
		c.repairs = append(c.repairs, repair...)
		c.hopeless = c.hopeless || len(repair) == 0
	}
}

// Count returns how many findings there are that are at least as severe.
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

// dropped reports whether any browser drops the cookie for the reason, before any other.
func (c *Cookie) dropped(why cookie.Reason) bool {
	for i := range c.Outcomes {
		if o := &c.Outcomes[i]; o.decided() == why && !(o.Browser == jar.Safari && c.localhost()) {
			return true
		}
	}
	return false
}

// localhost reports whether the cookie is Secure and the URL http, which all browsers but Safari allow on the same machine.
// That is how sites are developed; how they are served is what findings are about.
func (c *Cookie) localhost() bool {
	return c.Line.Secure && c.URL.Scheme == "http" && c.Outcomes[0].Kept()
}

const undecided = cookie.Reason(255)

// decided returns the exclusion that comes first, or undecided.
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

// embedded reports whether a request came from a page of another site: only SameSite=None can be set then, and is needed.
func (r *Response) embedded() bool {
	if r.Context == nil {
		return false
	}
	probe := cookie.Parse("a=1; SameSite=Lax")
	_, why := jar.Chrome.Decide(&probe, r.request(), time.Time{})
	return why.Has(cookie.ExcludeSameSiteLax)
}

// keptAnywhere reports whether at least one browser keeps the cookie.
func (c *Cookie) keptAnywhere() bool {
	for i := range c.Outcomes {
		if c.Outcomes[i].Kept() {
			return true
		}
	}
	return false
}

// deletes reports whether the line is meant to delete a cookie.
func (c *Cookie) deletes() bool { return c.Outcomes[0].Deletes }

// session reports whether the name looks like that of a cookie that signs somebody in.
func (c *Cookie) session() bool {
	name := strings.ToLower(strings.TrimPrefix(c.Line.Name, cookie.PrefixOf(c.Line.Name).String()))
	for _, word := range []string{"sess", "login", "auth", "ticket", "remember"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return name == "sid" || strings.HasSuffix(name, ".sid") || strings.HasSuffix(name, "_sid") || name == "token" || name == "jwt"
}
