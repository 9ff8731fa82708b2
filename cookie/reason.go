package cookie

import (
	"iter"
	"math/bits"
	"strings"
)

// A Reason is an exclusion of a cookie by a browser, or a warning about it. The names are those of Chromium's cookie
// inclusion status, shared by developer tools, bug reports and standards discussions: all of its 27 exclusions and 17
// warnings are here. They stand in the order in which the rules are checked, so the first of several exclusions is the
// one that decided.
type Reason uint8

// The exclusions. A dash marks those that never arise in this project: they belong to Chromium's settings or
// experiments.
const (
	ExcludeNoCookieContent Reason = iota // neither name nor value
	// a control character; in Chromium also a tab, or a nameless '='
	ExcludeDisallowedCharacter
	ExcludeNameValuePairExceedsMaxSize     // more than MaxNameValue
	ExcludeAttributeValueExceedsMaxSize    // -: the attribute is ignored, with a warning
	ExcludeNoncookieableScheme             // not http, https, ws or wss
	ExcludeDomainNonASCII                  // a Domain with a byte beyond ASCII
	ExcludeInvalidDomain                   // the host may not set the Domain
	ExcludeInvalidPrefix                   // a broken prefix, or one in a nameless value
	ExcludeInvalidPartitioned              // Partitioned without Secure
	ExcludeFailureToStore                  // a Path with bytes beyond ASCII, or a line over MaxLine
	ExcludeSecureOnly                      // a Secure cookie and an insecure URL
	ExcludeHTTPOnly                        // an HttpOnly cookie and a script
	ExcludeSameSiteNoneInsecure            // SameSite=None without Secure
	ExcludeSameSiteStrict                  // SameSite=Strict and a request from another site
	ExcludeSameSiteLax                     // SameSite=Lax and a request from another site
	ExcludeSameSiteUnspecifiedTreatedAsLax // the same, where no SameSite counts as Lax
	ExcludeOverwriteSecure                 // an insecure URL, over a Secure cookie
	ExcludeOverwriteHTTPOnly               // a script, over an HttpOnly cookie
	ExcludeDomainMismatch                  // the cookie is for another host
	ExcludeNotOnPath                       // the cookie is for another path

	ExcludeUserPreferences                      // -: the user blocks cookies
	ExcludeThirdPartyPhaseout                   // -
	ExcludeThirdPartyBlockedWithinFirstPartySet // -
	ExcludePortMismatch                         // -: origin-bound cookies
	ExcludeSchemeMismatch                       // -: origin-bound cookies
	ExcludeShadowingDomain                      // -: origin-bound cookies
	ExcludeUnknownError                         // -

	// The warnings.

	WarnAttributeValueExceedsMaxSize        // an attribute over MaxAttributeValue, ignored
	WarnDomainNonASCII                      // -: such a cookie is excluded
	WarnSameSiteNoneInsecure                // SameSite=None without Secure
	WarnSameSiteUnspecifiedCrossSiteContext // no SameSite, and a request from another site
	WarnSameSiteUnspecifiedLaxAllowUnsafe   // unsafe, and sent only because under two minutes old

	WarnStrictLaxDowngradeStrictSameSite   // a Strict cookie: strict by host, lax with the scheme
	WarnStrictCrossDowngradeStrictSameSite // a Strict cookie: strict by host, cross-site with the scheme
	WarnStrictCrossDowngradeLaxSameSite    // the same for a Lax cookie
	WarnLaxCrossDowngradeStrictSameSite    // a Strict cookie is set: lax by host, cross-site with the scheme
	WarnLaxCrossDowngradeLaxSameSite       // the same for a Lax cookie

	WarnSecureAccessGrantedNonCryptographic        // a Secure cookie and http on the same machine
	WarnCrossSiteRedirectDowngradeChangesInclusion // redirects through another site decide
	WarnPortMismatch                               // -: origin-bound cookies
	WarnSchemeMismatch                             // -: origin-bound cookies
	WarnTentativelyAllowingSecureSourceScheme      // Secure over http, before trust in the URL is judged
	WarnShadowingDomain                            // -: origin-bound cookies
	WarnThirdPartyPhaseout                         // -

	numReasons = iota
)

const (
	syntax    = "RFC 6265bis section 5.6"
	storage   = "RFC 6265bis section 5.7"
	retrieval = "RFC 6265bis section 5.8.3"
)

// reasons has Chromium's name of each reason, and for exclusions that arise the place of the rule.
var reasons = [numReasons]struct{ name, section string }{
	ExcludeNoCookieContent:              {"EXCLUDE_NO_COOKIE_CONTENT", storage + ", step 2"},
	ExcludeDisallowedCharacter:          {"EXCLUDE_DISALLOWED_CHARACTER", syntax + ", step 1"},
	ExcludeNameValuePairExceedsMaxSize:  {"EXCLUDE_NAME_VALUE_PAIR_EXCEEDS_MAX_SIZE", syntax + ", step 5"},
	ExcludeAttributeValueExceedsMaxSize: {"EXCLUDE_ATTRIBUTE_VALUE_EXCEEDS_MAX_SIZE", ""},
	ExcludeNoncookieableScheme:          {"EXCLUDE_NONCOOKIEABLE_SCHEME", storage},
	ExcludeDomainNonASCII:               {"EXCLUDE_DOMAIN_NON_ASCII", storage + ", step 8"},
	ExcludeInvalidDomain:                {"EXCLUDE_INVALID_DOMAIN", storage + ", steps 9 and 10"},
	ExcludeInvalidPrefix:                {"EXCLUDE_INVALID_PREFIX", storage + ", steps 20 to 22"},
	ExcludeInvalidPartitioned: {"EXCLUDE_INVALID_PARTITIONED",
		"draft-cutler-httpbis-partitioned-cookies section 3.1"},
	ExcludeFailureToStore:       {"EXCLUDE_FAILURE_TO_STORE", "web-platform-tests, cookies/path"},
	ExcludeSecureOnly:           {"EXCLUDE_SECURE_ONLY", storage + ", step 13"},
	ExcludeHTTPOnly:             {"EXCLUDE_HTTP_ONLY", storage + ", step 15"},
	ExcludeSameSiteNoneInsecure: {"EXCLUDE_SAMESITE_NONE_INSECURE", storage + ", step 19"},
	ExcludeSameSiteStrict:       {"EXCLUDE_SAMESITE_STRICT", storage + ", step 18"},
	ExcludeSameSiteLax:          {"EXCLUDE_SAMESITE_LAX", storage + ", step 18"},
	ExcludeSameSiteUnspecifiedTreatedAsLax: {"EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX",
		storage + ", step 18"},
	ExcludeOverwriteSecure:                         {"EXCLUDE_OVERWRITE_SECURE", storage + ", step 16"},
	ExcludeOverwriteHTTPOnly:                       {"EXCLUDE_OVERWRITE_HTTP_ONLY", storage + ", step 23"},
	ExcludeDomainMismatch:                          {"EXCLUDE_DOMAIN_MISMATCH", retrieval + ", step 3"},
	ExcludeNotOnPath:                               {"EXCLUDE_NOT_ON_PATH", retrieval + ", step 3"},
	ExcludeUserPreferences:                         {"EXCLUDE_USER_PREFERENCES", ""},
	ExcludeThirdPartyPhaseout:                      {"EXCLUDE_THIRD_PARTY_PHASEOUT", ""},
	ExcludeThirdPartyBlockedWithinFirstPartySet:    {"EXCLUDE_THIRD_PARTY_BLOCKED_WITHIN_FIRST_PARTY_SET", ""},
	ExcludePortMismatch:                            {"EXCLUDE_PORT_MISMATCH", ""},
	ExcludeSchemeMismatch:                          {"EXCLUDE_SCHEME_MISMATCH", ""},
	ExcludeShadowingDomain:                         {"EXCLUDE_SHADOWING_DOMAIN", ""},
	ExcludeUnknownError:                            {"EXCLUDE_UNKNOWN_ERROR", ""},
	WarnAttributeValueExceedsMaxSize:               {"WARN_ATTRIBUTE_VALUE_EXCEEDS_MAX_SIZE", ""},
	WarnDomainNonASCII:                             {"WARN_DOMAIN_NON_ASCII", ""},
	WarnSameSiteNoneInsecure:                       {"WARN_SAMESITE_NONE_INSECURE", ""},
	WarnSameSiteUnspecifiedCrossSiteContext:        {"WARN_SAMESITE_UNSPECIFIED_CROSS_SITE_CONTEXT", ""},
	WarnSameSiteUnspecifiedLaxAllowUnsafe:          {"WARN_SAMESITE_UNSPECIFIED_LAX_ALLOW_UNSAFE", ""},
	WarnStrictLaxDowngradeStrictSameSite:           {"WARN_STRICT_LAX_DOWNGRADE_STRICT_SAMESITE", ""},
	WarnStrictCrossDowngradeStrictSameSite:         {"WARN_STRICT_CROSS_DOWNGRADE_STRICT_SAMESITE", ""},
	WarnStrictCrossDowngradeLaxSameSite:            {"WARN_STRICT_CROSS_DOWNGRADE_LAX_SAMESITE", ""},
	WarnLaxCrossDowngradeStrictSameSite:            {"WARN_LAX_CROSS_DOWNGRADE_STRICT_SAMESITE", ""},
	WarnLaxCrossDowngradeLaxSameSite:               {"WARN_LAX_CROSS_DOWNGRADE_LAX_SAMESITE", ""},
	WarnSecureAccessGrantedNonCryptographic:        {"WARN_SECURE_ACCESS_GRANTED_NON_CRYPTOGRAPHIC", ""},
	WarnCrossSiteRedirectDowngradeChangesInclusion: {"WARN_CROSS_SITE_REDIRECT_DOWNGRADE_CHANGES_INCLUSION", ""},
	WarnPortMismatch:                               {"WARN_PORT_MISMATCH", ""},
	WarnSchemeMismatch:                             {"WARN_SCHEME_MISMATCH", ""},
	WarnTentativelyAllowingSecureSourceScheme:      {"WARN_TENTATIVELY_ALLOWING_SECURE_SOURCE_SCHEME", ""},
	WarnShadowingDomain:                            {"WARN_SHADOWING_DOMAIN", ""},
	WarnThirdPartyPhaseout:                         {"WARN_THIRD_PARTY_PHASEOUT", ""},
}

// String returns Chromium's name of the reason.
func (r Reason) String() string {
	if r >= numReasons {
		return "invalid"
	}
	return reasons[r].name
}

// Section returns the place in a standard where the rule behind an exclusion is written. It is "" for a warning, and
// for a reason that never arises.
func (r Reason) Section() string {
	if r >= numReasons {
		return ""
	}
	return reasons[r].section
}

// Excludes reports whether the reason keeps the cookie out, rather than warns.
func (r Reason) Excludes() bool { return r <= ExcludeUnknownError }

// Reasons is a set of reasons. The zero value is empty: the cookie is included, without a warning.
type Reasons uint64

const exclusions Reasons = 1<<(ExcludeUnknownError+1) - 1

// Add adds a reason.
func (s *Reasons) Add(r Reason) { *s |= 1 << r }

// Has reports whether the reason is in the set.
func (s Reasons) Has(r Reason) bool { return s&(1<<r) != 0 }

// Excluded reports whether one of the reasons keeps the cookie out.
func (s Reasons) Excluded() bool { return s&exclusions != 0 }

// Exclusions returns the reasons that keep the cookie out, without the warnings.
func (s Reasons) Exclusions() Reasons { return s & exclusions }

// All yields the reasons in order: the exclusions as they are checked, then the warnings.
func (s Reasons) All() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(Reason(bits.TrailingZeros64(uint64(s)))) {
				return
			}
		}
	}
}

// String returns the names of the reasons, separated by spaces.
func (s Reasons) String() string {
	var names []string
	for r := range s.All() {
		names = append(names, r.String())
	}
	return strings.Join(names, " ")
}
