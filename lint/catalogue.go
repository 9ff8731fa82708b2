package lint

import "cmp"

// rules are all rules in the order of their findings: first those on one cookie, then those on the set.
var rules = []*Rule{
	ruleEmpty,
	ruleControlCharacter,
	ruleTab,
	ruleTooLarge,
	ruleDomainForeign,
	ruleDomainPublicSuffix,
	ruleDomainNonAscii,
	ruleDomainDot,
	ruleDomainEmpty,
	rulePrefixBroken,
	rulePrefixCase,
	rulePartitionedInsecure,
	rulePartitionedSamesite,
	ruleSecureOverHttp,
	ruleOverwriteSecure,
	ruleCleared,
	ruleSamesiteNoneInsecure,
	ruleSamesiteNoneUnneeded,
	ruleSamesiteEmbedded,
	ruleSamesiteUnknown,
	rulePathNonAscii,
	rulePathRelative,
	ruleAttributeUnknown,
	ruleAttributeRepeated,
	ruleAttributeTooLong,
	ruleFlagValue,
	ruleExpiresUnread,
	ruleExpiresFormat,
	ruleMaxageUnread,
	ruleLifetimeConflict,
	ruleLifetimeCapped,
	ruleNameToken,
	ruleValueGrammar,
	ruleNameless,
	ruleCommaFolded,
	ruleSessionHttponly,
	ruleSessionSecure,
	ruleSessionPrefix,
	ruleSessionDomain,
	ruleSessionSamesite,
	ruleDeletionRefused,
	ruleDeletionMisses,
	ruleDeletionEmpty,
	ruleSetTwice,
	ruleTossed,
	ruleShadowed,
	ruleDuplicatePath,
	ruleHeaderSize,
	ruleCountHigh,
	rulePartitionSize,
}

func init() {
	for _, r := range rules {
		r.Since = cmp.Or(r.Since, "0.1")
	}
}
