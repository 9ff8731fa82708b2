package cookie

import (
	"iter"
	"math/bits"
	"strings"
)

// A Reason is why a browser excludes a cookie, or warns about it. The names are those of Chromium's cookie inclusion
// status, which developer tools, bug reports and standards discussions share: every one of its 27 exclusions and 17
// warnings is here, under the same name. The order is the one in which the rules are checked, so that of several
// exclusions the first is the one that decided.
type Reason uint8

// The exclusions. Those marked "no" never arise in this project: they belong to settings or experiments of Chromium.
const (
	ExcludeNoCookieContent                      Reason = iota // neither name nor value
	ExcludeDisallowedCharacter                                // a control character anywhere in the line; for Chromium also a tab, or a '=' in a nameless value
	ExcludeNameValuePairExceedsMaxSize                        // more than MaxNameValue
	ExcludeAttributeValueExceedsMaxSize                       // no: the attribute is ignored, with a warning
	ExcludeNoncookieableScheme                                // not http, https, ws or wss
	ExcludeDomainNonASCII                                     // Domain with a byte beyond ASCII
	ExcludeInvalidDomain                                      // Domain that the host may not set
	ExcludeInvalidPrefix                                      // the name's prefix is not kept, or hidden in a nameless value
	ExcludeInvalidPartitioned                                 // Partitioned without Secure
	ExcludeFailureToStore                                     // what cannot be stored: a Path with bytes beyond ASCII, a line over MaxLine
	ExcludeSecureOnly                                         // a Secure cookie and a URL that is not secure
	ExcludeHTTPOnly                                           // an HttpOnly cookie and a script
	ExcludeSameSiteNoneInsecure                               // SameSite=None without Secure
	ExcludeSameSiteStrict                                     // SameSite=Strict and a request from another site
	ExcludeSameSiteLax                                        // SameSite=Lax and a request from another site
	ExcludeSameSiteUnspecifiedTreatedAsLax                    // the same, where no SameSite counts as Lax
	ExcludeOverwriteSecure                                    // a Secure cookie is there already, and the URL is not secure
	ExcludeOverwriteHTTPOnly                                  // an HttpOnly cookie is there already, and a script sets
	ExcludeDomainMismatch                                     // the cookie is for another host
	ExcludeNotOnPath                                          // the cookie is for another path
	ExcludeUserPreferences                                    // no: the user blocks cookies
	ExcludeThirdPartyPhaseout                                 // no
	ExcludeThirdPartyBlockedWithinFirstPartySet               // no
	ExcludePortMismatch                                       // no: origin-bound cookies
	ExcludeSchemeMismatch                                     // no: origin-bound cookies
	ExcludeShadowingDomain                                    // no: origin-bound cookies
	ExcludeUnknownError                                       // no

	// The warnings.
	WarnAttributeValueExceedsMaxSize                      // an attribute with a value over MaxAttributeValue was ignored
	WarnDomainNonASCII                                    // no: such a cookie is excluded
	WarnSameSiteNoneInsecure                              // SameSite=None without Secure
	WarnSameSiteUnspecifiedCrossSiteContext               // no SameSite, and a request from another site
	WarnSameSiteUnspecifiedLaxAllowUnsafe                 // sent with an unsafe method only because it is younger than two minutes
	WarnStrictLaxDowngradeStrictSameSite                  // strict by host, lax by scheme and host, and the cookie is Strict
	WarnStrictCrossDowngradeStrictSameSite                // strict by host, cross-site by scheme and host, and the cookie is Strict
	WarnStrictCrossDowngradeLaxSameSite                   // the same for a Lax cookie
	WarnLaxCrossDowngradeStrictSameSite                   // lax by host, cross-site by scheme and host, and a Strict cookie is set
	WarnLaxCrossDowngradeLaxSameSite                      // the same for a Lax cookie
	WarnSecureAccessGrantedNonCryptographic               // a Secure cookie and http on the same machine
	WarnCrossSiteRedirectDowngradeChangesInclusion        // the outcome depends on whether redirects through other sites count
	WarnPortMismatch                                      // no: origin-bound cookies
	WarnSchemeMismatch                                    // no: origin-bound cookies
	WarnTentativelyAllowingSecureSourceScheme             // a Secure attribute over http, before it is known whether the URL is trusted
	WarnShadowingDomain                                   // no: origin-bound cookies
	WarnThirdPartyPhaseout                                // no
	numReasons                                     = iota // how many there are
)

var reasonNames = [numReasons]string{
	ExcludeNoCookieContent:                         "EXCLUDE_NO_COOKIE_CONTENT",
	ExcludeDisallowedCharacter:                     "EXCLUDE_DISALLOWED_CHARACTER",
	ExcludeNameValuePairExceedsMaxSize:             "EXCLUDE_NAME_VALUE_PAIR_EXCEEDS_MAX_SIZE",
	ExcludeAttributeValueExceedsMaxSize:            "EXCLUDE_ATTRIBUTE_VALUE_EXCEEDS_MAX_SIZE",
	ExcludeNoncookieableScheme:                     "EXCLUDE_NONCOOKIEABLE_SCHEME",
	ExcludeDomainNonASCII:                          "EXCLUDE_DOMAIN_NON_ASCII",
	ExcludeInvalidDomain:                           "EXCLUDE_INVALID_DOMAIN",
	ExcludeInvalidPrefix:                           "EXCLUDE_INVALID_PREFIX",
	ExcludeInvalidPartitioned:                      "EXCLUDE_INVALID_PARTITIONED",
	ExcludeFailureToStore:                          "EXCLUDE_FAILURE_TO_STORE",
	ExcludeSecureOnly:                              "EXCLUDE_SECURE_ONLY",
	ExcludeHTTPOnly:                                "EXCLUDE_HTTP_ONLY",
	ExcludeSameSiteNoneInsecure:                    "EXCLUDE_SAMESITE_NONE_INSECURE",
	ExcludeSameSiteStrict:                          "EXCLUDE_SAMESITE_STRICT",
	ExcludeSameSiteLax:                             "EXCLUDE_SAMESITE_LAX",
	ExcludeSameSiteUnspecifiedTreatedAsLax:         "EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX",
	ExcludeOverwriteSecure:                         "EXCLUDE_OVERWRITE_SECURE",
	ExcludeOverwriteHTTPOnly:                       "EXCLUDE_OVERWRITE_HTTP_ONLY",
	ExcludeDomainMismatch:                          "EXCLUDE_DOMAIN_MISMATCH",
	ExcludeNotOnPath:                               "EXCLUDE_NOT_ON_PATH",
	ExcludeUserPreferences:                         "EXCLUDE_USER_PREFERENCES",
	ExcludeThirdPartyPhaseout:                      "EXCLUDE_THIRD_PARTY_PHASEOUT",
	ExcludeThirdPartyBlockedWithinFirstPartySet:    "EXCLUDE_THIRD_PARTY_BLOCKED_WITHIN_FIRST_PARTY_SET",
	ExcludePortMismatch:                            "EXCLUDE_PORT_MISMATCH",
	ExcludeSchemeMismatch:                          "EXCLUDE_SCHEME_MISMATCH",
	ExcludeShadowingDomain:                         "EXCLUDE_SHADOWING_DOMAIN",
	ExcludeUnknownError:                            "EXCLUDE_UNKNOWN_ERROR",
	WarnAttributeValueExceedsMaxSize:               "WARN_ATTRIBUTE_VALUE_EXCEEDS_MAX_SIZE",
	WarnDomainNonASCII:                             "WARN_DOMAIN_NON_ASCII",
	WarnSameSiteNoneInsecure:                       "WARN_SAMESITE_NONE_INSECURE",
	WarnSameSiteUnspecifiedCrossSiteContext:        "WARN_SAMESITE_UNSPECIFIED_CROSS_SITE_CONTEXT",
	WarnSameSiteUnspecifiedLaxAllowUnsafe:          "WARN_SAMESITE_UNSPECIFIED_LAX_ALLOW_UNSAFE",
	WarnStrictLaxDowngradeStrictSameSite:           "WARN_STRICT_LAX_DOWNGRADE_STRICT_SAMESITE",
	WarnStrictCrossDowngradeStrictSameSite:         "WARN_STRICT_CROSS_DOWNGRADE_STRICT_SAMESITE",
	WarnStrictCrossDowngradeLaxSameSite:            "WARN_STRICT_CROSS_DOWNGRADE_LAX_SAMESITE",
	WarnLaxCrossDowngradeStrictSameSite:            "WARN_LAX_CROSS_DOWNGRADE_STRICT_SAMESITE",
	WarnLaxCrossDowngradeLaxSameSite:               "WARN_LAX_CROSS_DOWNGRADE_LAX_SAMESITE",
	WarnSecureAccessGrantedNonCryptographic:        "WARN_SECURE_ACCESS_GRANTED_NON_CRYPTOGRAPHIC",
	WarnCrossSiteRedirectDowngradeChangesInclusion: "WARN_CROSS_SITE_REDIRECT_DOWNGRADE_CHANGES_INCLUSION",
	WarnPortMismatch:                               "WARN_PORT_MISMATCH",
	WarnSchemeMismatch:                             "WARN_SCHEME_MISMATCH",
	WarnTentativelyAllowingSecureSourceScheme:      "WARN_TENTATIVELY_ALLOWING_SECURE_SOURCE_SCHEME",
	WarnShadowingDomain:                            "WARN_SHADOWING_DOMAIN",
	WarnThirdPartyPhaseout:                         "WARN_THIRD_PARTY_PHASEOUT",
}

// String returns Chromium's name of the reason.
func (r Reason) String() string { return nameOf(reasonNames[:], uint8(r)) }

// Excludes reports whether the reason keeps the cookie out, rather than warns.
func (r Reason) Excludes() bool { return r <= ExcludeUnknownError }

// Reasons is a set of reasons. The zero value has none: the cookie is included, without a warning.
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
