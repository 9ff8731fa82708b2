package session

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/seal"
	"coatcheck.dev/store"
)

// Options configure a [Manager]. The zero value is the safe choice everywhere; what is weaker says so in its name.
type Options struct {
	// Cookie is the name of the session cookie. The default is "__Host-session": browsers accept a cookie of that
	// prefix only with Secure, with Path=/ and without Domain, so that no other host and no plain-HTTP
	// page can plant one (RFC 6265bis, section 4.1.3.2; ASVS 3.3.3). Two managers in one program need two names.
	Cookie string

	// Realm keeps the sessions of sites apart that share a store: a ticket is good only with a manager of the realm in
	// which its session began. Without it, whoever is "ada" at one site could put her ticket into the other site's
	// cookie and be "ada" there. Any text that stays will do; when it changes, everybody has to sign in again. Lists
	// and revocations are of all realms, and so is a user's name. The default is a realm of its own, "".
	Realm string

	// SameSiteStrict keeps the cookie away from every request that another site begins, links included. The default
	// is SameSite=Lax: links from elsewhere arrive signed in. A request from which a browser keeps the cookie back
	// begins no session of a visitor, because its cookie would take the place of one that is there.
	SameSiteStrict bool

	// Partitioned is for a site whose pages others show in a frame: the cookie has SameSite=None and Partitioned. So
	// browsers send it from within frames as well, and keep a cookie of its own for each site that has such a frame
	// (CHIPS). Requests of these sites carry it, so package csrf has to judge each. Give the cookie another name when
	// you change this, as for InsecureDomain.
	Partitioned bool

	// InsecureCookie leaves out the Secure attribute and allows a name without a prefix, for development over plain
	// HTTP on a name other than localhost. The default name is then "session". Anybody on the network can take such a
	// session over.
	InsecureCookie bool

	// InsecureDomain shares each session with all hosts of a domain, such as "shop.example" for www.shop.example,
	// api.shop.example and shop.example itself. Each of these hosts, forgotten ones and other people's included, is
	// then given every visitor's ticket, and can plant one in any browser. The default is the host alone. The name of
	// the cookie cannot begin with "__Host-" then; the default is "__Secure-session".
	//
	// Check refuses what no browser would take: an address, a single label, a dot in front, a port, letters beyond
	// ASCII. It does not know public suffixes such as co.uk, of which browsers drop the cookie too. At a host outside
	// the domain nobody is signed in and nothing is stored, because no browser would come back with it; an
	// event.Undelivered tells of each of the first 100 such hosts.
	//
	// The two kinds of cookies do not replace each other in browsers. So give the cookie another name when you change
	// from one to the other, as the defaults do: everybody signs in once more, and the sessions from before end in
	// their time. With one name browsers would send both, and which one counts is a matter of chance.
	InsecureDomain string

	// IdleTimeout ends a session that was not used for so long; the default is 1 hour (NIST SP 800-63B-4, AAL2).
	// Lifetime ends every session that old; the default is 24 hours.
	IdleTimeout time.Duration
	Lifetime    time.Duration

	// RememberIdleTimeout and RememberLifetime are used instead for sessions of users who asked to stay signed in;
	// the defaults are 14 and 30 days (NIST SP 800-63B-4, AAL1). RememberLifetime is at most 400 days: browsers keep
	// no cookie longer.
	RememberIdleTimeout time.Duration
	RememberLifetime    time.Duration

	// TouchInterval is how stale a session's last-seen time may be. The default is a thirtieth of its idle timeout,
	// at least 15 seconds and at most half of the idle timeout. Longer means fewer writes.
	TouchInterval time.Duration

	// Passive says which requests leave the idle timeout alone: polling that goes on while nobody is there. The
	// default is none.
	Passive func(*http.Request) bool

	// RotateEvery is how often the session of a signed-in user gets a new secret, while it is used; the default is 30
	// minutes. Negative means never. RotationGrace is how long requests with the old secret are still good after the
	// browser has shown that it has the new one; the default is 30 seconds: browsers attach cookies to a request
	// before it waits for a free connection. Theft says what happens when the old one is shown after that; the
	// default is to end the session. A browser that may have lost the new one in a crash is let in all the same: see
	// the package's documentation.
	RotateEvery   time.Duration
	RotationGrace time.Duration
	Theft         TheftPolicy

	// MaxBytes bounds the data of one session, keys and JSON values together; the default is 64 KiB. MaxKeys bounds
	// the number of keys; the default is 100.
	MaxBytes int
	MaxKeys  int

	// MaxSessions bounds the live sessions of one user; the default is 100 and negative means no limit. AtLimit says
	// what happens at the next sign-in. Users who sign in at the same moment may be over the limit until then
	// (ASVS 7.1.2).
	//
	// The work of a sign-in is bounded, however many sessions there are: it ends at most 100, and begins to end none
	// after StoreTimeout; the next sign-in goes on. If a user has more to end, as after the limit was lowered, a
	// cut-off ends all that are older than the sessions that stay, whatever AtLimit says: no request is answered on
	// them any more, and their records go when their time is over.
	MaxSessions int
	AtLimit     LimitPolicy

	// MaxVisitors bounds how many sessions of visitors who have not signed in begin within a minute in this program;
	// the default is 10,000 and negative means no limit. What is over it fails with ErrTooManyVisitors.
	MaxVisitors int

	// PrivateCaching lets a handler say how long the visitor's browser may keep a response that depends on the
	// session: its Cache-Control stays, but "public" becomes "private". The default is "private, no-store" whatever it
	// says. Where it says nothing, and where the response brings a ticket, that is so in any case.
	PrivateCaching bool

	// SignInPath is where [Manager.Require] sends browsers that are not signed in, with the page they wanted in the
	// parameter return_to, unless its address is too long for that. The default is to answer 401.
	SignInPath string

	// Denied answers those that [Manager.Require] and its kin do not let through and do not send to SignInPath. Headers
	// (WWW-Authenticate, Cache-Control, HX-Redirect) are set before, and the status is 401 unless it writes another.
	// The default is one line of text, or of JSON.
	Denied http.Handler

	// Conflict answers requests whose changes met others that were saved meanwhile, where they cannot be put together.
	// The status is 409 unless it writes another. The default is one line of text.
	Conflict http.Handler

	// Unavailable answers requests when the store cannot tell whether there is a session. Headers (Retry-After,
	// Cache-Control) are set before, and the status is 503 unless it writes another. The default is one line of text.
	Unavailable http.Handler

	// TrustedProxies are the networks whose X-Forwarded-For is believed; the default is none, and then a client's
	// address is that of its connection. It is used for the session list and for events alone.
	TrustedProxies []netip.Prefix

	// DeviceLabel names the browser that a session begins in, such as "Firefox on Linux", from the request's
	// User-Agent or client hints: devices.Label is made for it. The default is no name.
	DeviceLabel func(*http.Request) string

	// Header says which requests carry their ticket in "Authorization: Bearer" rather than in the cookie, for
	// programs and mobile apps that have no cookies; the default is none. A new ticket is then sent in the response's
	// Session-Ticket header. A browser's scripts must never see that, so let no page of a site choose: decide by
	// path, or by a host of its own.
	Header func(*http.Request) bool

	// Migrate continues sessions that another library has begun, so that its users stay signed in: see package
	// migrate. It is asked only when a request has no ticket; the default is nobody.
	Migrate Migration

	// OnFailure says for each request what happens if the store cannot tell whether there is a session; the default is
	// [Required] for all.
	OnFailure func(*http.Request) Failure

	// StoreTimeout bounds every call to the store; the default is 2 seconds. MaxStoreCalls bounds how many are under
	// way at once; the default is 1,000, and what is over it fails at once. Stores that answer from memory are not
	// counted.
	StoreTimeout  time.Duration
	MaxStoreCalls int

	// SweepInterval is how often expired records are removed, while the manager is in use; the default is 1 minute.
	// Negative means never: somebody else does it.
	SweepInterval time.Duration

	// Guard asks more of each request than its ticket: see package bound. The default is nobody.
	Guard Guard

	// CheckKey is asked about the key of each value that is set. If it returns an error nothing is changed, and whoever
	// sets the value gets the error. Package state has one that knows which keys are declared. The default is that any
	// key will do.
	CheckKey func(name string) error

	// PanicOnMisuse lets mistakes in the use of this package panic in tests until the manager is closed: see the
	// package's documentation. In a program that is no test it changes nothing.
	PanicOnMisuse bool

	// SealData encrypts the data of sessions in the store, so that whoever copies the store cannot read it: user, times
	// and device stay readable, for lists. Data from before stays good, and is encrypted when it is next saved, or by
	// [Manager.Reseal]. Every node needs the keys. Data of a key that was retired cannot be read any more, and a
	// session that has some counts as damaged. The default is nil: not encrypted.
	SealData *seal.Ring

	// Events takes what happens to its observers: see package event. The default is nobody; mistakes in how the program
	// is set up are then written to slog.Default: cookies that browsers drop over plain HTTP or because of
	// InsecureDomain, and names of cookies that clash.
	Events *event.Queue
}

const (
	minTouch      = 15 * time.Second
	hostPrefix    = "__Host-"
	securePrefix  = "__Secure-"
	defaultCookie = "session"
)

// Check reports what is wrong with the options, if anything; [New] panics with the same error.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// withDefaults is the whole policy in one place: it fills in what was left open and refuses what contradicts itself.
func (o Options) withDefaults() (Options, error) {
	if o.Cookie == "" {
		switch {
		case o.InsecureCookie:
			o.Cookie = defaultCookie
		case o.InsecureDomain != "":
			o.Cookie = securePrefix + defaultCookie
		default:
			o.Cookie = hostPrefix + defaultCookie
		}
	}
	o.InsecureDomain = strings.ToLower(o.InsecureDomain)
	setDuration(&o.IdleTimeout, time.Hour)
	setDuration(&o.Lifetime, 24*time.Hour)
	setDuration(&o.RememberIdleTimeout, 14*24*time.Hour)
	setDuration(&o.RememberLifetime, 30*24*time.Hour)
	setDuration(&o.RotateEvery, 30*time.Minute)
	setDuration(&o.RotationGrace, 30*time.Second)
	setDuration(&o.StoreTimeout, 2*time.Second)
	setDuration(&o.SweepInterval, time.Minute)
	setInt(&o.MaxBytes, 64<<10)
	setInt(&o.MaxKeys, 100)
	setInt(&o.MaxSessions, 100)
	setInt(&o.MaxStoreCalls, 1000)
	setInt(&o.MaxVisitors, 10_000)
	if o.Conflict == nil {
		o.Conflict = http.HandlerFunc(conflict)
	}
	if o.Unavailable == nil {
		o.Unavailable = http.HandlerFunc(unavailable)
	}
	return o, o.contradictions()
}

func setDuration(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

func setInt(n *int, value int) {
	if *n == 0 {
		*n = value
	}
}

func (o Options) contradictions() error {
	var errs []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("session: "+format, args...))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"IdleTimeout", o.IdleTimeout}, {"Lifetime", o.Lifetime},
		{"RememberIdleTimeout", o.RememberIdleTimeout}, {"RememberLifetime", o.RememberLifetime},
		{"RotationGrace", o.RotationGrace}, {"StoreTimeout", o.StoreTimeout},
	} {
		refuse(d.value < 0, "Options.%s is negative", d.name)
	}
	refuse(o.RotateEvery > 0 && o.RotateEvery <= o.RotationGrace,
		"Options.RotateEvery has to be longer than Options.RotationGrace")
	refuse(o.Theft > TheftLogOnly, "Options.Theft %d is not a policy", o.Theft)
	refuse(o.TouchInterval < 0, "Options.TouchInterval is negative")
	refuse(o.RememberLifetime > cookie.MaxLifetime,
		"Options.RememberLifetime is over 400 days, which no browser keeps a cookie for")
	refuse(o.MaxBytes < 0, "Options.MaxBytes is negative")
	refuse(o.MaxStoreCalls < 0, "Options.MaxStoreCalls is negative")
	refuse(o.MaxKeys < 0, "Options.MaxKeys is negative")
	refuse(o.AtLimit > LimitRefuse, "Options.AtLimit %d is not a policy", o.AtLimit)
	refuse(o.SignInPath != "" && !localPath(o.SignInPath),
		"Options.SignInPath %q is not a path on this site: begin it with one slash", o.SignInPath)
	refuse(o.SealData != nil && len(o.SealData.Keys()) == 0,
		"Options.SealData is a ring without keys: make it with seal.Open or seal.New")
	refuse(o.Partitioned && o.SameSiteStrict, "Options.Partitioned and Options.SameSiteStrict contradict each other")
	refuse(o.Partitioned && o.InsecureCookie,
		"Options.Partitioned and Options.InsecureCookie contradict each other: browsers drop it without Secure")
	prefixed := strings.HasPrefix(o.Cookie, hostPrefix) || strings.HasPrefix(o.Cookie, securePrefix)
	refuse(o.InsecureCookie && prefixed,
		"Options.InsecureCookie and the cookie name %q contradict each other: browsers drop it without Secure",
		o.Cookie)
	refuse(!o.InsecureCookie && !prefixed,
		"Options.Cookie %q lacks the prefix %q, which keeps other hosts from planting a session", o.Cookie, hostPrefix)
	c := o.cookie("value", 0)
	c.Domain = "" // has errors of its own
	if err := c.Check(); err != nil {
		errs = append(errs, fmt.Errorf("session: Options.Cookie: %w", err))
	}
	return errors.Join(append(errs, o.domainErr(), o.migrateErr())...)
}

// domainErr reports what is wrong with Options.InsecureDomain, if anything, as far as that can be told without a list
// of public suffixes.
func (o *Options) domainErr() error {
	domain := o.InsecureDomain
	if domain == "" {
		return nil
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	_, err := netip.ParseAddr(strings.Trim(domain, "[]"))
	switch {
	case err == nil || strings.Trim(top, "0123456789") == "" && top != "":
		return fmt.Errorf("session: Options.InsecureDomain %q is an address, which has no hosts below it", domain)
	case strings.HasPrefix(o.Cookie, hostPrefix):
		return fmt.Errorf("session: Options.InsecureDomain and the cookie name %q contradict each other: "+
			"browsers drop it with a Domain, so begin the name with %q", o.Cookie, securePrefix)
	case top == domain:
		return fmt.Errorf("session: Options.InsecureDomain %q is a single label, of which browsers drop the cookie: "+
			"write a domain such as \"shop.example\"", domain)
	}
	c := cookie.Cookie{Name: "name", Domain: domain, Path: "/", Secure: true, SameSite: cookie.SameSiteLax}
	if err := c.Check(); err != nil {
		return fmt.Errorf("session: Options.InsecureDomain: %w", err)
	}
	return nil
}

// within reports whether a host is in Options.InsecureDomain (RFC 6265bis, section 5.1.3), or there is none.
func (o *Options) within(host string) bool {
	return o.InsecureDomain == "" || host == o.InsecureDomain || strings.HasSuffix(host, "."+o.InsecureDomain)
}

const (
	maxHostName = 253
	maxHosts    = 100 // that are warned of, because clients choose them
)

// migrateErr reports what is wrong with Options.Migrate, if anything.
func (o *Options) migrateErr() error {
	if o.Migrate == nil {
		return nil
	}
	old := o.Migrate.Cookie()
	if old.Name == o.Cookie {
		return fmt.Errorf("session: Options.Migrate reads the cookie %q, which is the name of the new one", o.Cookie)
	}
	if err := old.Deletion().Check(); err != nil {
		return fmt.Errorf("session: Options.Migrate: %w", err)
	}
	return nil
}

// lifetimes returns the idle and the absolute limit of a session.
func (o *Options) lifetimes(remember bool) (idle, lifetime time.Duration) {
	if remember {
		return o.RememberIdleTimeout, o.RememberLifetime
	}
	return o.IdleTimeout, o.Lifetime
}

// touchEvery returns the touch interval of a session with an idle timeout.
func (o *Options) touchEvery(idle time.Duration) time.Duration {
	every := o.TouchInterval
	if every == 0 {
		every = max(idle/30, minTouch)
	}
	if idle > 0 {
		every = min(every, idle/2)
	}
	return every
}

// onFailure says how a request is to be answered if the store cannot tell.
func (o *Options) onFailure(r *http.Request) Failure {
	if o.OnFailure == nil {
		return Required
	}
	return o.OnFailure(r)
}

// Fits reports whether a session's data is within MaxBytes and MaxKeys. An error wraps [ErrTooLarge]. Options that come
// from [Manager.Options] have their defaults filled in.
func (o *Options) Fits(data store.Data) error {
	if n := data.Len(); n > o.MaxBytes {
		return fmt.Errorf("%w: %d bytes, and Options.MaxBytes is %d", ErrTooLarge, n, o.MaxBytes)
	}
	if keys := data.Keys(); keys > o.MaxKeys {
		return fmt.Errorf("%w: %d keys, and Options.MaxKeys is %d", ErrTooLarge, keys, o.MaxKeys)
	}
	return nil
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "Temporarily unavailable. Please try again in a moment.", http.StatusServiceUnavailable)
}

func conflict(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "Someone else changed this at the same time. Reload the page and try again.", http.StatusConflict)
}

// localPath reports whether a browser takes the text for a path on the same site: one slash, not followed by another
// one, and no backslash or control character. Browsers turn those into a slash or leave them out (WHATWG URL).
func localPath(path string) bool {
	if len(path) == 0 || path[0] != '/' || strings.HasPrefix(path, "//") {
		return false
	}
	for i := 0; i < len(path); i++ {
		if c := path[i]; c < ' ' || c == '\\' || c == 0x7f {
			return false
		}
	}
	_, err := url.ParseRequestURI(path)
	return err == nil
}
