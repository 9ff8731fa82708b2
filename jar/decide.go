package jar

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coatcheck.dev/cookie"
)

// access is the part of a request that is the same for every cookie.
type access struct {
	rules  *rules
	now    time.Time
	script bool

	host, path string
	cookieable bool // http, https, ws, wss
	encrypted  bool // https, wss
	secure     bool // the same, or trusted because it is this machine
	sites      sites
	thirdParty bool // only the cookies of its partition are for the request
	// The host of the page for WebKitGTK, which sends a page's parts the cookies that are for that host; "" for others.
	page string
}

// sites are the same-site contexts of a request, judged in several ways, because warnings compare them.
type sites struct {
	context        siteContext // decides
	byHost         siteContext // without the scheme
	byScheme       siteContext // with the scheme
	withRedirects  siteContext // as if redirects counted
	ignoreRedirect siteContext // as if they did not
}

func allSites(c siteContext) sites { return sites{c, c, c, c, c} }

func (p Profile) access(r *Request, storing bool, now time.Time) access {
	u := r.URL
	a := access{rules: &profiles[p], now: now, script: r.Script, host: canonicalHost(u)}
	if !storing {
		a.path = requestPath(u)
	}
	switch u.Scheme {
	case "https", "wss":
		a.cookieable, a.encrypted, a.secure = true, true, true
	case "http", "ws":
		a.cookieable = true
		a.secure = a.rules.localhostIsSecure && isLocalhost(a.host)
	}
	if r.TopLevel == nil && r.Initiator == nil && r.Ancestors == nil && r.Redirects == nil {
		a.sites = allSites(strict)
		return a
	}
	rules := siteRules{
		schemeful: !a.rules.sitesHaveNoScheme, below: a.rules.libsoup, redirectsScheme: a.rules.libsoup,
		redirects: a.rules.redirectsCount,
	}
	byHost, with, without := rules, rules, rules
	byHost.schemeful, with.redirects, without.redirects = false, true, false
	byScheme := r.siteContext(rules, storing)
	a.sites = sites{
		context:        byScheme,
		byHost:         r.siteContext(byHost, storing),
		byScheme:       byScheme,
		withRedirects:  r.siteContext(with, storing),
		ignoreRedirect: r.siteContext(without, storing),
	}
	if a.rules.libsoup && r.TopLevel != nil && (r.Kind != Navigation || r.Script) {
		a.page = canonicalHost(r.TopLevel)
	}
	a.thirdParty = a.rules.partitionsThirdParties && a.partition(r).CrossSiteAncestor
	return a
}

// Decide judges a Set-Cookie line received with a request at the time now. It returns the cookie to be stored, and
// the reasons for and against it. With exclusions among the reasons, the cookie is for information only. An expired
// cookie deletes, and is included.
//
// Other cookies of a jar do not count here: [Jar.Set] adds ExcludeOverwriteSecure and ExcludeOverwriteHTTPOnly.
func (p Profile) Decide(line *cookie.Parsed, r *Request, now time.Time) (Cookie, cookie.Reasons) {
	a := p.access(r, true, now)
	return a.decide(r, line)
}

func (a *access) decide(r *Request, line *cookie.Parsed) (Cookie, cookie.Reasons) {
	if a.rules.libsoup {
		read := cookie.ParseLibsoup(line.Raw)
		line = &read
	}
	why := line.Reasons
	c := Cookie{
		Name: line.Name, Value: line.Value, Path: line.Path,
		Secure: line.Secure, HttpOnly: line.HttpOnly, SameSite: line.SameSite, Priority: line.Priority,
		Created: a.now, LastAccess: a.now,
	}
	if a.rules.firefoxSyntax {
		readAsFirefox(&c, line)
	}
	if !a.cookieable {
		why.Add(cookie.ExcludeNoncookieableScheme)
	}
	a.checkSyntax(line, &why)
	var ok bool
	if c.Domain, c.HostOnly, ok = a.domain(line); !ok {
		why.Add(cookie.ExcludeInvalidDomain)
	}
	if c.Path == "" {
		c.Path = defaultPath(requestPath(r.URL))
	}
	if !a.rules.libsoup && !a.prefixKept(line, &c) {
		why.Add(cookie.ExcludeInvalidPrefix)
	}
	if line.Partitioned || a.thirdParty {
		c.Partition = a.partition(r)
	}
	if c.Partition != (Partition{}) && !validSite(c.Partition.TopLevelSite) || line.Partitioned && (!line.Secure ||
		!a.secure || a.rules.partitionedNeedsNone && line.SameSite != cookie.SameSiteNone) {
		why.Add(cookie.ExcludeInvalidPartitioned) // a page that is no site, such as about:blank, has no partition
	}
	if line.Secure && !a.encrypted {
		why.Add(cookie.WarnTentativelyAllowingSecureSourceScheme)
	}
	a.checkAccess(&c, &why)
	a.checkSameSite(&c, &why, true)

	c.Expires = a.expiry(line, r.Date)
	return c, why
}

// partition is that of the request's Partitioned cookies.
func (a *access) partition(r *Request) Partition { return r.partition(!a.rules.sitesHaveNoScheme) }

// readAsFirefox reads name and value as Firefox does.
func readAsFirefox(c *Cookie, line *cookie.Parsed) {
	if line.Valueless() {
		c.Name, c.Value = line.Value, ""
	}
	for _, s := range []*string{&c.Name, &c.Value, &c.Path} {
		if !utf8.ValidString(*s) {
			*s = string([]rune(*s)) // each byte becomes U+FFFD
		}
	}
}

// expiry returns the end of a cookie, zero for a session cookie. It is read by the server's clock and then moved to
// that of the client, which makes no difference to a Max-Age.
func (a *access) expiry(line *cookie.Parsed, date time.Time) time.Time {
	read := line.Expiry
	switch {
	case a.rules.chromiumSyntax:
		read = line.ExpiryChromium
	case a.rules.firefoxSyntax:
		read = line.ExpiryFirefox
	case a.rules.libsoup:
		read = line.ExpiryLibsoup
	}
	ahead := time.Duration(0) // by so much the server's clock is ahead
	if !date.IsZero() && !a.rules.libsoup {
		ahead = date.Sub(a.now)
	}
	at, persistent := read(a.now.Add(ahead))
	switch {
	case !persistent:
		return time.Time{}
	case at.IsZero():
		return time.Unix(0, 0) // the zero time is taken: year 1, long over either way
	}
	return at.Add(-ahead)
}

// checkSyntax applies the rules about the line itself in which user agents differ.
func (a *access) checkSyntax(line *cookie.Parsed, why *cookie.Reasons) {
	if a.rules.chromiumSyntax {
		if line.InnerTab() || line.Name == "" && strings.IndexByte(line.Value, '=') >= 0 {
			why.Add(cookie.ExcludeDisallowedCharacter)
		}
		return
	}
	if a.rules.libsoup {
		return
	}
	if a.rules.firefoxSyntax {
		if line.Name == "" && !line.Valueless() {
			why.Add(cookie.ExcludeDisallowedCharacter)
		}
		if strings.IndexByte(line.Path, '\t') >= 0 {
			why.Add(cookie.ExcludeFailureToStore)
		}
		return
	}
	if strings.IndexFunc(line.Path, beyondASCII) >= 0 {
		why.Add(cookie.ExcludeFailureToStore)
	}
}

func beyondASCII(r rune) bool { return r > unicode.MaxASCII }

// domain applies the Domain attribute: [cookie.ExcludeInvalidDomain] if the host may not set it.
func (a *access) domain(line *cookie.Parsed) (domain string, hostOnly, ok bool) {
	host := a.host
	if !validHost(host) {
		return host, true, !a.cookieable // there is another reason against a URL without a host
	}
	if a.rules.libsoup && publicSuffix(host) {
		return host, true, false
	}
	if !line.HasDomain {
		return host, true, true
	}
	domain = line.Domain
	if a.rules.libsoup && (strings.IndexByte(domain, '.') < 0 ||
		host != domain && hasUpper(domainAsWritten(*line))) {
		return domain, false, false // from a host below, it compares with case
	}
	registrable := RegistrableDomain(domain) != ""
	if domain == bracketed(host) && !registrable {
		// An address, a public suffix or a name without dots may name itself: the cookie is host-only then.
		return host, true, true
	}
	return domain, false, registrable && domainMatch(host, domain)
}

// prefixKept checks the promise of the name's prefix: [cookie.ExcludeInvalidPrefix] if it is broken.
func (a *access) prefixKept(line *cookie.Parsed, c *Cookie) bool {
	if c.Name == "" {
		return a.rules.firefoxSyntax || a.rules.prefixOf(c.Value) == cookie.NoPrefix // Firefox takes none of them
	}
	p := a.rules.prefixOf(c.Name)
	switch {
	case p == cookie.NoPrefix:
		return true
	case !line.Secure || !a.secure:
		return false
	case p.HTTPOnly() && (!line.HttpOnly || a.script):
		return false
	}
	if a.rules.hostPrefixByOutcome {
		return !p.HostOnly() || c.HostOnly && c.Path == "/"
	}
	// Chromium accepts the host's own address, without a dot, as Domain, and the cookie stays host-only.
	hostOnly := !line.HasDomain || isIP(a.host) && domainAsWritten(*line) == bracketed(a.host)
	return !p.HostOnly() || hostOnly && line.Path == "/"
}

func hasUpper(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' })
}

// domainAsWritten is the valid Domain with its dot. It takes a copy of the line: an iterator makes its receiver
// escape, and other lines are to stay on the stack.
func domainAsWritten(line cookie.Parsed) string {
	for attribute := range line.Attributes() {
		if attribute.Fate == cookie.Applied && strings.EqualFold(attribute.Name, "Domain") {
			return attribute.Value
		}
	}
	return ""
}

// prefixOf is the prefix of a name as the user agent sees it.
func (r *rules) prefixOf(name string) cookie.Prefix {
	p := cookie.PrefixOf(name)
	if p != cookie.NoPrefix && r.noHTTPPrefixes && p.HTTPOnly() {
		if !p.HostOnly() {
			return cookie.NoPrefix
		}
		p = cookie.HostPrefix // they take __Host-Http- for __Host-
	}
	if r.prefixesByCase && !strings.HasPrefix(name, p.String()) {
		return cookie.NoPrefix
	}
	return p
}

// Include judges whether a request at the time now carries a cookie. [Jar.Cookies] and [Jar.Header] judge the same
// way.
func (p Profile) Include(c *Cookie, r *Request, now time.Time) cookie.Reasons {
	a := p.access(r, false, now)
	return a.include(c)
}

func (a *access) include(c *Cookie) (why cookie.Reasons) {
	if !a.cookieable {
		why.Add(cookie.ExcludeNoncookieableScheme)
	}
	if c.HostOnly && c.Domain != a.host || !domainMatch(a.host, c.Domain) {
		why.Add(cookie.ExcludeDomainMismatch)
	}
	if !pathMatch(a.path, c.Path) {
		why.Add(cookie.ExcludeNotOnPath)
	}
	a.checkAccess(c, &why)
	a.checkSameSite(c, &why, false)
	return why
}

// checkAccess applies Secure and HttpOnly, both to setting and to sending.
func (a *access) checkAccess(c *Cookie, why *cookie.Reasons) {
	if c.Secure && !a.secure {
		why.Add(cookie.ExcludeSecureOnly)
	} else if c.Secure && !a.encrypted {
		why.Add(cookie.WarnSecureAccessGrantedNonCryptographic)
	}
	if c.HttpOnly && a.script {
		why.Add(cookie.ExcludeHTTPOnly)
	}
}

// checkSameSite applies SameSite, both to setting and to sending.
func (a *access) checkSameSite(c *Cookie, why *cookie.Reasons, storing bool) {
	if c.SameSite == cookie.SameSiteNone || a.rules.libsoup && c.SameSite == cookie.SameSiteUnset {
		if !c.Secure && !a.rules.libsoup {
			why.Add(cookie.ExcludeSameSiteNoneInsecure)
			why.Add(cookie.WarnSameSiteNoneInsecure)
		}
		return
	}
	if a.sites == allSites(strict) || a.rules.libsoup && storing {
		return // libsoup looks at SameSite where it sends cookies alone
	}
	if a.page != "" && (a.page == c.Domain || !c.HostOnly && domainMatch(a.page, c.Domain)) {
		return
	}
	needed := a.neededContext(c, storing)
	if a.sites.context < needed {
		switch c.SameSite {
		case cookie.SameSiteStrict:
			why.Add(cookie.ExcludeSameSiteStrict)
		case cookie.SameSiteLax:
			why.Add(cookie.ExcludeSameSiteLax)
		default:
			why.Add(cookie.ExcludeSameSiteUnspecifiedTreatedAsLax)
		}
	}
	a.warnSameSite(c, why, needed, storing)
}

// neededContext is the least context in which a cookie is sent or may be set. A Strict one may be set in a lax
// context.
func (a *access) neededContext(c *Cookie, storing bool) siteContext {
	switch {
	case c.SameSite == cookie.SameSiteStrict && !storing:
		return strict
	case c.SameSite != cookie.SameSiteUnset:
		return lax
	case !a.rules.unsetIsLax:
		return crossSite
	case a.now.Sub(c.Created) <= a.rules.laxAllowUnsafe && a.rules.laxAllowUnsafe > 0:
		return laxUnsafe
	}
	return lax
}

// warnSameSite warns about fragile outcomes: they depend on a missing attribute, a scheme or a redirect.
func (a *access) warnSameSite(c *Cookie, why *cookie.Reasons, needed siteContext, storing bool) {
	if other := *why &^ sameSiteExclusions; other.Excluded() {
		return // SameSite is not its only fault
	}
	s := &a.sites
	switch {
	case c.SameSite != cookie.SameSiteUnset:
	case needed == laxUnsafe && s.context == laxUnsafe:
		why.Add(cookie.WarnSameSiteUnspecifiedLaxAllowUnsafe)
	case s.context < lax && needed != crossSite:
		why.Add(cookie.WarnSameSiteUnspecifiedCrossSiteContext)
	}
	if needed == crossSite {
		return
	}
	byHost, byScheme := s.byHost, s.byScheme
	if storing {
		byHost, byScheme = min(byHost, lax), min(byScheme, lax)
	}
	strictCookie := c.SameSite == cookie.SameSiteStrict
	switch {
	case byHost == strict && byScheme == lax && strictCookie:
		why.Add(cookie.WarnStrictLaxDowngradeStrictSameSite)
	case byHost == strict && byScheme < lax && strictCookie:
		why.Add(cookie.WarnStrictCrossDowngradeStrictSameSite)
	case byHost == strict && byScheme < lax:
		why.Add(cookie.WarnStrictCrossDowngradeLaxSameSite)
	case byHost == lax && byScheme == crossSite && strictCookie && storing:
		why.Add(cookie.WarnLaxCrossDowngradeStrictSameSite)
	case byHost == lax && byScheme == crossSite && !strictCookie:
		why.Add(cookie.WarnLaxCrossDowngradeLaxSameSite)
	}
	if (s.withRedirects < needed) != (s.ignoreRedirect < needed) {
		why.Add(cookie.WarnCrossSiteRedirectDowngradeChangesInclusion)
	}
}

var sameSiteExclusions = reasons(
	cookie.ExcludeSameSiteStrict, cookie.ExcludeSameSiteLax,
	cookie.ExcludeSameSiteUnspecifiedTreatedAsLax, cookie.ExcludeSameSiteNoneInsecure,
)

func reasons(list ...cookie.Reason) (s cookie.Reasons) {
	for _, r := range list {
		s.Add(r)
	}
	return s
}
