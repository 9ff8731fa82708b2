package lint

import "coatcheck.dev/cookie"

// Section returns where the rule behind an exclusion is written, "" for one that never arises.
func Section(why cookie.Reason) string { return sections[why] }

var sections = map[cookie.Reason]string{
	cookie.ExcludeNoCookieContent:                 "RFC 6265bis section 5.7, step 2",
	cookie.ExcludeDisallowedCharacter:             "RFC 6265bis section 5.6, step 1",
	cookie.ExcludeNameValuePairExceedsMaxSize:     "RFC 6265bis section 5.6, step 5",
	cookie.ExcludeNoncookieableScheme:             "RFC 6265bis section 5.7",
	cookie.ExcludeDomainNonASCII:                  "RFC 6265bis section 5.7, step 8",
	cookie.ExcludeInvalidDomain:                   "RFC 6265bis section 5.7, steps 9 and 10",
	cookie.ExcludeInvalidPrefix:                   "RFC 6265bis section 5.7, steps 20 to 22",
	cookie.ExcludeInvalidPartitioned:              "draft-cutler-httpbis-partitioned-cookies section 3.1",
	cookie.ExcludeFailureToStore:                  "web-platform-tests, cookies/path",
	cookie.ExcludeSecureOnly:                      "RFC 6265bis section 5.7, step 13",
	cookie.ExcludeHTTPOnly:                        "RFC 6265bis section 5.7, step 15",
	cookie.ExcludeSameSiteNoneInsecure:            "RFC 6265bis section 5.7, step 19",
	cookie.ExcludeSameSiteStrict:                  "RFC 6265bis section 5.7, step 18",
	cookie.ExcludeSameSiteLax:                     "RFC 6265bis section 5.7, step 18",
	cookie.ExcludeSameSiteUnspecifiedTreatedAsLax: "RFC 6265bis section 5.7, step 18",
	cookie.ExcludeOverwriteSecure:                 "RFC 6265bis section 5.7, step 16",
	cookie.ExcludeOverwriteHTTPOnly:               "RFC 6265bis section 5.7, step 23",
}
