package bound

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// Options configure a [Guard]. The zero value offers a key to every browser that can keep one.
type Options struct {
	// Policy says whom a key is asked of; the default is [Offered]. PolicyOf overrules it for each user, and is called
	// at sign-in and for the requests that show no good bound cookie; the default is Policy for everybody.
	Policy   Policy
	PolicyOf func(user string) Policy

	// Prefix is the path below which the guard answers itself; the default is "/.well-known/coatcheck-bound/". It
	// begins and ends with a slash. Whatever stands before the application has to let it through.
	Prefix string

	// Cookie is the name of the bound cookie; the default is "__Host-session-bound", or "__Secure-session-bound" with
	// Site. Two guards of one site need two names.
	Cookie string

	// Lifetime is how long a bound cookie is good, and so how long a copy of all cookies is; the default is 10 minutes
	// and the minimum 5. Chromium asks for the next one 2 minutes before, and signs at most 6 times in 9 minutes.
	// LifetimeBelowQuota allows less than 5 minutes, for tests of a browser that has no such quota.
	Lifetime           time.Duration
	LifetimeBelowQuota bool

	// Grace is how long requests may be on their way: so long after a sign-in, and after the browser has registered a
	// key, they need no bound cookie yet, and so long one is good after its end. The default is 10 seconds; negative
	// means not at all.
	Grace time.Duration

	// Open are paths at which a session needs no key, whatever the policy: sign-in and sign-out, help, files. One that
	// ends in a slash stands for all below it, and so does any other one with a slash after it; paths with "..", "%2e"
	// or a backslash are none of them. Who has a copy of the ticket gets in there. The default is none.
	Open []string

	// Site is the registrable domain whose hosts all send the bound cookie, such as "example.com"; the default is the
	// one host. Origins are those of its hosts, other than the domain itself, at which sessions begin, such as
	// "https://shop.example.com": the guard answers /.well-known/device-bound-sessions with them, which the browser
	// asks the domain itself for.
	Site    string
	Origins []string

	// Initiators are hosts of other sites whose requests may have the browser fetch a bound cookie, in the syntax of
	// allowed_refresh_initiators: "*.example.org". The default is every site: only what would bring the cookie along
	// counts, and with SameSite=Lax that is somebody who follows a link.
	Initiators []string
}

// A Policy says whether a session is to be bound to its device.
type Policy uint8

const (
	// Offered asks every browser for a key at sign-in. Those that know nothing of it have an ordinary session.
	Offered Policy = iota
	// Required takes a session without a key for none, except at Options.Open. A browser that cannot keep a key
	// cannot stay signed in.
	Required
	// Off asks nobody for a key, and does not ask for the bound cookie of sessions that have one.
	Off
)

const (
	defaultPrefix   = "/.well-known/coatcheck-bound/"
	defaultLifetime = 10 * time.Minute
	minLifetime     = 5 * time.Minute
	defaultGrace    = 10 * time.Second
	offerTime       = 5 * time.Minute // from the sign-in to the registration
	wellKnown       = "/.well-known/device-bound-sessions"
)

// Check reports what is wrong with the options, if anything; [New] panics with the same error.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// withDefaults is the whole policy in one place.
func (o Options) withDefaults() (Options, error) {
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.Cookie == "" {
		o.Cookie = "__Host-session-bound"
		if o.Site != "" {
			o.Cookie = "__Secure-session-bound"
		}
	}
	if o.Lifetime == 0 {
		o.Lifetime = defaultLifetime
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	o.Grace = max(o.Grace, 0)
	if o.Initiators == nil {
		o.Initiators = []string{"*"}
	}
	var errs []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("bound: "+format, args...))
		}
	}
	refuse(o.Policy > Off, "Options.Policy %d is not a policy", o.Policy)
	refuse(o.Lifetime < 0, "Options.Lifetime is negative")
	refuse(o.Lifetime > 0 && o.Lifetime < minLifetime && !o.LifetimeBelowQuota,
		"Options.Lifetime is below 5 minutes, and browsers do not sign that often")
	for _, path := range append([]string{o.Prefix}, o.Open...) {
		refuse(!strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"), "%q is no path on this site", path)
	}
	refuse(!strings.HasSuffix(o.Prefix, "/") || o.Prefix == "/", "Options.Prefix %q does not end in a slash of its own",
		o.Prefix)
	refuse(len(o.Origins) > 0 && o.Site == "", "Options.Origins is for hosts of Options.Site, which is empty")
	c := credential(o)
	if err := c.set(nil, "value", o.Lifetime); err != nil {
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// isOpen reports whether the path is one of Options.Open or of the guard's own, as a browser decides it (DBSC, section
// "Identify if a URL is in scope of a session"). A path that an application may take for another one is not open,
// because browsers tidy up theirs, and others would come in with a ticket alone. It may also decode one once more.
func (o *Options) isOpen(path string) bool {
	if strings.Contains(path, "/..") || strings.ContainsRune(path, '\\') ||
		strings.Contains(path, "%2e") || strings.Contains(path, "%2E") {
		return false
	}
	if strings.HasPrefix(path, o.Prefix) {
		return true
	}
	for _, open := range o.Open {
		if rest, ok := strings.CutPrefix(path, open); ok &&
			(rest == "" || strings.HasSuffix(open, "/") || rest[0] == '/') {
			return true
		}
	}
	return false
}

// policy returns what holds for a user.
func (o *Options) policy(user string) Policy {
	if o.PolicyOf != nil {
		return o.PolicyOf(user)
	}
	return o.Policy
}

// credential is the bound cookie of the options.
func credential(o Options) boundCookie {
	return boundCookie{cookie.Cookie{
		Name: o.Cookie, Path: "/", Domain: o.Site, Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax,
	}}
}
