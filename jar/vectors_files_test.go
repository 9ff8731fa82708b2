package jar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// playSameSiteMatrix sets four cookies on the final host, and then requests it in the way that the file's name and the
// redirect chain say.
func playSameSiteMatrix(s *score, data []byte) {
	var file struct {
		Cases []struct {
			File, Title, TopLevel, Target                           string
			ExpectedStatus, ExpectedStatusReload, ExpectedDOMStatus string
		}
	}
	mustDecode(s, data, &file)
	for _, c := range file.Cases {
		err := func() error {
			now := vectorTime
			j := jar.New(jar.Options{Profile: s.profile(), Now: func() time.Time { return now }})
			r := matrixRequest(c.File, c.TopLevel, c.Target)
			if strings.Contains(c.File, "iframe.document") {
				setFour(j, &jar.Request{URL: r.URL, TopLevel: r.TopLevel, Script: true})
				return expectStatus(j, &jar.Request{URL: r.URL}, c.ExpectedDOMStatus)
			}
			setFour(j, &jar.Request{URL: r.URL})
			now = now.Add(3 * time.Minute)
			if err := expectStatus(j, r, c.ExpectedStatus); err != nil {
				return err
			}
			if c.ExpectedStatusReload != "" {
				again := &jar.Request{URL: r.URL, Kind: r.Kind, Method: r.Method, TopLevel: r.TopLevel}
				if err := expectStatus(j, again, c.ExpectedStatusReload); err != nil {
					return fmt.Errorf("reload: %w", err)
				}
			}
			if c.ExpectedDOMStatus != "" {
				script := &jar.Request{URL: r.URL, TopLevel: r.TopLevel, Script: true}
				if err := expectStatus(j, script, c.ExpectedDOMStatus); err != nil {
					return fmt.Errorf("script: %w", err)
				}
			}
			return nil
		}()
		s.check(err == nil, "%s: %s: %v", c.File, c.Title, err)
	}
}

func setFour(j *jar.Jar, r *jar.Request) {
	for _, line := range []string{"s=1; SameSite=Strict; Path=/", "l=1; SameSite=Lax; Path=/",
		"n=1; SameSite=None; Secure; Path=/", "u=1; Path=/"} {
		j.Set(r, line)
	}
}

func expectStatus(j *jar.Jar, r *jar.Request, status string) error {
	want := map[string]string{"strict": "s=1; l=1; n=1; u=1", "same-site": "s=1; l=1; n=1; u=1",
		"lax": "l=1; n=1; u=1", "cross-site": "n=1"}[status]
	if got := j.Header(r); got != want {
		return fmt.Errorf("sent %q, want %q (%s)", got, want, status)
	}
	return nil
}

// matrixRequest reads "A -307-> B" as a redirect and "A -script-nav-> B" as a document that replaces itself.
func matrixRequest(file, topLevel, target string) *jar.Request {
	r := &jar.Request{TopLevel: mustURL(topLevel), Initiator: mustURL(topLevel)}
	name := file[strings.LastIndexByte(file, '/')+1:]
	switch {
	case strings.HasPrefix(name, "form-"), strings.HasPrefix(name, "window-open"):
		r.Kind = jar.Navigation
	case strings.HasPrefix(name, "iframe"):
		r.Kind = jar.FrameNavigation
	}
	if strings.HasPrefix(name, "form-post") {
		r.Method = "POST"
	}
	for {
		from, rest, ok := strings.Cut(target, " -")
		if !ok {
			break
		}
		how, next, _ := strings.Cut(rest, "-> ")
		if how == "script-nav" {
			r.Initiator = mustURL(from)
		} else {
			r.Redirects = append(r.Redirects, mustURL(from))
		}
		target = next
	}
	r.URL = mustURL(target)
	return r
}

func playHTTPState(s *score, data []byte) {
	var file struct {
		Cases []struct {
			ID, SetURL, GetURL, FreezeClockBefore, Expect string
			Expect6265bis                                 *string
			Received                                      []string
		}
	}
	mustDecode(s, data, &file)
	for _, c := range file.Cases {
		now := vectorTime
		if c.FreezeClockBefore != "" {
			if day, err := time.Parse(time.DateOnly, c.FreezeClockBefore); err == nil {
				now = day.AddDate(0, 0, -1)
			}
		}
		j := jar.New(jar.Options{Profile: s.profile(), Now: func() time.Time { return now }})
		for _, line := range c.Received {
			j.Set(&jar.Request{URL: mustURL(c.SetURL)}, line)
		}
		want := c.Expect
		if c.Expect6265bis != nil {
			want = *c.Expect6265bis
		}
		got := j.Header(&jar.Request{URL: mustURL(c.GetURL)})
		s.check(got == want, "%s: %q gives %q, want %q", c.ID, c.Received, got, want)
	}
}

func playHTTPStateDates(s *score, data []byte) {
	var cases []struct {
		Test     string
		Expected *string
	}
	mustDecode(s, data, &cases)
	for _, c := range cases {
		got, ok := cookie.ParseDate(c.Test)
		if c.Expected == nil || *c.Expected == "" {
			s.check(!ok, "%q is %v, want no date", c.Test, got)
			continue
		}
		s.check(ok && got.Format("Mon, 02 Jan 2006 15:04:05 GMT") == *c.Expected, "%q is %v, want %s", c.Test, got,
			*c.Expected)
	}
}

func playChromiumDates(s *score, data []byte) {
	var file struct {
		Dates []struct {
			In    string
			Valid bool
			Unix  int64
		}
		FarFuture []string `json:"parse_ok_far_future"`
		LongAgo   []string `json:"parse_ok_and_not_after_unix_epoch"`
	}
	mustDecode(s, data, &file)
	for _, c := range file.Dates {
		got, ok := cookie.ParseDateChromium(c.In)
		s.check(ok == c.Valid && (!ok || got.Unix() == c.Unix), "%q is %v, %v", c.In, got, ok)
	}
	for _, in := range file.FarFuture {
		got, ok := cookie.ParseDateChromium(in)
		s.check(ok && got.After(vectorTime), "%q is %v, %v", in, got, ok)
	}
	for _, in := range file.LongAgo {
		got, ok := cookie.ParseDateChromium(in)
		s.check(ok && got.Unix() <= 0, "%q is %v, %v", in, got, ok)
	}
}

func playParsedCookie(s *score, data []byte) {
	var file struct {
		Cases []struct {
			In, Name, Value, Why, Warn string
			Valid                      bool
			Attrs                      map[string]any
		}
	}
	mustDecode(s, data, &file)
	for _, c := range file.Cases {
		p := cookie.Parse(c.In)
		reasons := strings.Fields(p.Reasons.String())
		ok := p.Reasons.Excluded() != c.Valid
		ok = ok && (c.Why == "" || slices.Contains(reasons, c.Why)) &&
			(c.Warn == "" || slices.Contains(reasons, c.Warn))
		if c.Valid {
			ok = ok && p.Name == c.Name && p.Value == c.Value
		}
		if c.Attrs != nil {
			ok = ok && sameAttributes(&p, c.Attrs)
		}
		s.check(ok, "%.60q: %q %q %v", c.In, p.Name, p.Value, reasons)
	}
}

func sameAttributes(p *cookie.Parsed, want map[string]any) bool {
	n := 0
	for a := range p.Attributes() {
		if a.Fate != cookie.Applied {
			continue
		}
		n++
		w, ok := want[strings.ToLower(a.Name)]
		if !ok || w != true && w != "unspecified" && !strings.EqualFold(fmt.Sprint(w), a.Value) {
			return false
		}
		if w == "unspecified" && p.SameSite != cookie.SameSiteUnset {
			return false
		}
	}
	return n == len(want)
}

func playInclusionReasons(s *score, data []byte) {
	var file struct{ Exclude, Warn []string }
	mustDecode(s, data, &file)
	ours := map[string]bool{}
	for r := cookie.Reason(0); r.String() != "invalid"; r++ {
		ours[r.String()] = true
	}
	for _, name := range slices.Concat(file.Exclude, file.Warn) {
		s.check(ours[name], "no reason is named %s", name)
		delete(ours, name)
	}
	for name := range ours {
		s.check(false, "Chromium has no %s", name)
	}
}

func playPublicSuffixes(s *score, data []byte) {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		in, want, _ := strings.Cut(line, " ")
		if want == "null" {
			want = ""
		}
		got := jar.RegistrableDomain(in)
		s.check(got == jar.CanonicalHost(want), "%s belongs to %q, want %q", in, got, want)
	}
}

type canonicalSet struct {
	URL, Set, Why, PartitionKey    string
	OK                             bool
	HostOnly, Partitioned          *bool
	Persistent, Expired            bool
	ExpiresInSeconds               *float64
	DomainAttr                     string
	StoredDomain                   *string
	Value                          string
	Hidden, Match                  bool
	Fn, A, B                       string
	Context, SchemefulContext, Age string
	Exclude, Warn                  []string
}

// notDecided are exclusions that Chromium's canonical cookies leave to their store.
var notDecided = []string{
	"EXCLUDE_NONCOOKIEABLE_SCHEME", "EXCLUDE_SECURE_ONLY", "EXCLUDE_HTTP_ONLY",
	"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX",
}

func decide(s *score, c canonicalSet, line string) (jar.Cookie, []string) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return jar.Cookie{}, []string{err.Error()}
	}
	r := &jar.Request{URL: u}
	if c.PartitionKey != "" {
		r.TopLevel = mustURL(c.PartitionKey)
	}
	p := cookie.Parse(line)
	stored, why := jar.Chrome.Decide(&p, r, vectorTime)
	excluded := slices.DeleteFunc(strings.Fields(why.Exclusions().String()),
		func(name string) bool { return slices.Contains(notDecided, name) })
	return stored, excluded
}

func playCanonical(s *score, data []byte) {
	var file map[string]json.RawMessage
	mustDecode(s, data, &file)
	for _, section := range []struct {
		name string
		ok   func(c canonicalSet) bool
	}{
		{"domainAttribute", func(c canonicalSet) bool {
			stored, why := decide(s, c, "a=1; Domain="+c.DomainAttr)
			if len(why) > 0 || !c.OK {
				return (len(why) == 0) == c.OK
			}
			domain := stored.Domain
			if !stored.HostOnly {
				domain = "." + domain
			}
			return domain == *c.StoredDomain
		}},
		{"domainAndPathMatch", func(c canonicalSet) bool {
			stored := jar.Cookie{Domain: "a.test", HostOnly: true, Path: "/"}
			u := &url.URL{Scheme: "https", Host: "a.test", Path: "/"}
			reason := cookie.ExcludeDomainMismatch
			if c.Fn == "IsOnPath" {
				// A request without a path is one for "/": the empty path of the vector exists in no request.
				if stored.Path, u.Path, reason = c.A, c.B, cookie.ExcludeNotOnPath; c.B == "" {
					return !c.Match
				}
			} else {
				stored.Domain, u.Host = strings.TrimPrefix(c.A, "."), c.B
				stored.HostOnly = stored.Domain == c.A
			}
			return jar.Chrome.Include(&stored, &jar.Request{URL: u}, vectorTime).Has(reason) != c.Match
		}},
		{"ipDomain", func(c canonicalSet) bool { return decided(s, c) }},
		{"prefix", func(c canonicalSet) bool { return decided(s, c) }},
		{"publicSuffixHost", func(c canonicalSet) bool { return decided(s, c) }},
		{"partitioned", func(c canonicalSet) bool { return decided(s, c) }},
		{"hiddenPrefixValue", func(c canonicalSet) bool {
			_, why := decide(s, canonicalSet{URL: "https://www.example.test"}, "="+c.Value)
			return slices.Contains(why, "EXCLUDE_INVALID_PREFIX") == c.Hidden
		}},
		{"maxAgeExpires", func(c canonicalSet) bool {
			stored, why := decide(s, c, c.Set)
			expired := !stored.Session() && !stored.Expires.After(vectorTime)
			ok := len(why) == 0 && stored.Session() != c.Persistent && expired == c.Expired
			return ok && (c.ExpiresInSeconds == nil || stored.Expires.Sub(vectorTime).Seconds() == *c.ExpiresInSeconds)
		}},
		{"sameSiteInclusion", sameSiteIncluded},
	} {
		var cases []canonicalSet
		mustDecode(s, file[section.name], &cases)
		for i, c := range cases {
			s.check(section.ok(c), "%s #%d: %+v", section.name, i+1, c)
		}
	}
}

func decided(s *score, c canonicalSet) bool {
	stored, why := decide(s, c, c.Set)
	ok := (len(why) == 0) == c.OK && (c.Why == "" || slices.Contains(why, c.Why))
	ok = ok && (c.HostOnly == nil || stored.HostOnly == *c.HostOnly)
	return ok && (c.Partitioned == nil || (stored.Partition != jar.Partition{}) == *c.Partitioned)
}

func sameSiteIncluded(c canonicalSet) bool {
	p := cookie.Parse(c.Set)
	legacy := strings.HasPrefix(p.Name, "LEGACY") || strings.HasPrefix(p.Name, "DefaultNone")
	stored := jar.Cookie{Name: p.Name, Value: p.Value, Domain: "a.test", HostOnly: true, Path: "/", Secure: true,
		SameSite: p.SameSite}
	stored.Created = vectorTime.Add(-time.Second)
	if strings.HasPrefix(c.Age, "long") {
		stored.Created = vectorTime.Add(-time.Hour)
	}
	why := jar.IncludeIn(&stored, jar.Contexts[c.Context], jar.Contexts[c.SchemefulContext], legacy, vectorTime)
	got, want := strings.Fields(why.String()), slices.Concat(c.Exclude, c.Warn)
	slices.Sort(got)
	slices.Sort(want)
	return slices.Equal(got, want)
}

// playEviction inserts cookies as the codes say ("40LN": forty of low priority, not secure) and counts what is left.
func playEviction(s *score, data []byte) {
	var file struct {
		PriorityCases []struct {
			Insert                               string
			Low, Medium, High, NonSecure, Secure int
		}
		SecureEvictionCases []struct {
			Insert []struct {
				Count  int
				Secure bool
			}
			AltHostsSecure, AltHostsNonsecure, ExpectSecure, ExpectNonsecure int
		}
		PartitionCases []struct{ Desc string }
	}
	mustDecode(s, data, &file)
	for _, c := range file.PriorityCases {
		e := newEviction()
		for _, code := range strings.Fields(c.Insert) {
			n, _ := strconv.Atoi(code[:len(code)-2])
			priority := map[byte]string{'L': "low", 'M': "medium", 'H': "high"}[code[len(code)-2]]
			e.insert("https://a.test/", n, "; Priority="+priority, code[len(code)-1] == 'S')
		}
		low, medium, high := e.count(cookie.PriorityLow), e.count(cookie.PriorityMedium), e.count(cookie.PriorityHigh)
		secure := e.secure()
		nonSecure := len(e.jar.All()) - secure
		s.check(low == c.Low && medium == c.Medium && high == c.High && secure == c.Secure && nonSecure == c.NonSecure,
			"%s: low %d, medium %d, high %d, secure %d, not %d", c.Insert, low, medium, high, secure, nonSecure)
	}
	for i, c := range file.SecureEvictionCases {
		e := newEviction()
		for n := range c.AltHostsSecure {
			e.insert(fmt.Sprintf("https://s%d.test/", n), 1, "", true)
		}
		for n := range c.AltHostsNonsecure {
			e.insert(fmt.Sprintf("https://n%d.test/", n), 1, "", false)
		}
		e.now = e.now.AddDate(0, 0, 60) // what was there is out of use
		for _, in := range c.Insert {
			e.insert("https://a.test/", in.Count, "", in.Secure)
		}
		secure := e.secure()
		nonSecure := len(e.jar.All()) - secure
		s.check(secure == c.ExpectSecure && nonSecure == c.ExpectNonsecure, "secure eviction #%d: %d secure, %d not",
			i+1, secure, nonSecure)
	}
	for _, c := range file.PartitionCases {
		e := newEviction()
		e.request.TopLevel = mustURL("https://top.test/")
		count, pair := 41, 256
		if strings.HasPrefix(c.Desc, "181") {
			count, pair = 181, 8
		}
		for n := range count {
			e.insertPair("https://a.test/", fmt.Sprintf("%-*s", pair/2, fmt.Sprintf("c%d-", n)), pair-pair/2,
				"; Secure; Partitioned; SameSite=None")
		}
		kept := e.jar.All()
		s.check(len(kept) == count-1 && strings.HasPrefix(kept[0].Name, "c1-"), "%s: %d kept", c.Desc, len(kept))
	}
}

type eviction struct {
	jar     *jar.Jar
	now     time.Time
	n       int
	request jar.Request
}

func newEviction() *eviction {
	e := &eviction{now: vectorTime}
	e.jar = jar.New(jar.Options{Profile: jar.Chrome, Now: func() time.Time { return e.now }})
	return e
}

func (e *eviction) insert(at string, n int, attributes string, secure bool) {
	if secure {
		attributes += "; Secure"
	}
	for range n {
		e.n++
		e.insertPair(at, strconv.Itoa(e.n), 1, attributes)
	}
}

func (e *eviction) insertPair(at, name string, valueLen int, attributes string) {
	e.now = e.now.Add(time.Second)
	e.request.URL = mustURL(at)
	e.jar.Set(&e.request, strings.ReplaceAll(name, " ", "-")+"="+strings.Repeat("v", valueLen)+"; Max-Age=34560000"+
		attributes)
}

func (e *eviction) count(p cookie.Priority) (n int) {
	for _, c := range e.jar.All() {
		if c.Priority == p {
			n++
		}
	}
	return n
}

func (e *eviction) secure() (n int) {
	for _, c := range e.jar.All() {
		if c.Secure {
			n++
		}
	}
	return n
}

// playCDPTypes holds what CDP writes to the protocol: no field that it does not have, none missing that it demands,
// no value that an enum does not have.
func playCDPTypes(s *score, data []byte) {
	var file struct{ Types map[string][]string }
	mustDecode(s, data, &file)
	var b bytes.Buffer
	j, _ := newJar(jar.Spec)
	set(s.t, j, at("https://www.example.com/"), "session=1", "lax=1; Max-Age=9; SameSite=Lax; Priority=Low",
		"full=1; Domain=example.com; Path=/x; Max-Age=9; Secure; HttpOnly; SameSite=Strict; Priority=High",
		"part=1; Secure; Partitioned; SameSite=None; Priority=Medium")
	if _, err := format.CDP.Export(j, &b); err != nil {
		s.t.Fatal(err)
	}
	var written struct{ Cookies []map[string]any }
	mustDecode(s, b.Bytes(), &written)
	fields := map[string]string{}
	for _, f := range file.Types["Network.Cookie"] {
		name, kind, _ := strings.Cut(f, ":")
		fields[name] = kind
	}
	for name, kind := range fields {
		required := !strings.HasSuffix(kind, "?")
		enum := file.Types["Network."+strings.TrimSuffix(kind, "?")]
		s.check(!slices.ContainsFunc(written.Cookies, func(c map[string]any) bool {
			v, there := c[name]
			text, isText := v.(string)
			return required && !there || isText && enum != nil && !slices.Contains(enum, text)
		}), "Network.Cookie.%s", name)
	}
	for _, c := range written.Cookies {
		for name := range c {
			if _, known := fields[name]; !known {
				s.check(false, "Network.Cookie has no %s", name)
			}
		}
	}
}
