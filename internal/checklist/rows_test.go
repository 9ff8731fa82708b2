package checklist

// A Group is a list of rules from one authority.
type Group struct {
	Title, Source string
	Rows          []Row
}

// A Row is one rule. Elsewhere says why no test of this tree proves it, or what does so beside its tests.
type Row struct{ ID, Rule, Elsewhere string }

// Session are the rules for sessions.
var Session = []Group{invariants, asvs, nist, cheatSheets, attacks, reliability}

var invariants = Group{
	Title:  "Invariants",
	Source: "What Coatcheck promises always to hold.",
	Rows: []Row{
		{ID: "I1", Rule: "an acknowledged end or rotation is never undone"},
		{ID: "I2", Rule: "an acknowledged write is durable before the answer leaves"},
		{ID: "I3", Rule: "no update is lost"},
		{ID: "I4", Rule: "rotation signs no honest browser out"},
		{ID: "I5", Rule: "a client-chosen ID is never adopted; unknown tickets cost at most one read"},
		{ID: "I6", Rule: "visitors who store nothing cost nothing"},
		{ID: "I7", Rule: "no secret in any log, error, event, list or dump"},
		{ID: "I8", Rule: "no shared cache can store what carries a session"},
		{ID: "I9", Rule: "memory and work per request are bounded"},
		{ID: "I10", Rule: "store down: defined answers, bounded waiting, recovery without a herd"},
		{ID: "I11", Rule: "expired means refused, to the second, with the sweeper stopped"},
		{ID: "I12", Rule: "keys rotate without signing anybody out",
			Elsewhere: "sessions use no keys; package seal rotates those of signed cookies, and `seal` has the tests"},
		{ID: "I13", Rule: "a bad stored value resets one key or one session, and says so"},
		{ID: "I14", Rule: "no panic reaches the user of the library; one in a handler leaves the session consistent"},
	},
}

var asvs = Group{
	Title:  "OWASP ASVS 5.0",
	Source: "The rows that a session library or its stores can meet.",
	Rows: []Row{
		{ID: "4.1.3", Rule: "headers of intermediaries are believed from intermediaries alone"},
		{ID: "4.2.5", Rule: "no cookie is built that a receiver fails on"},
		{ID: "7.1.1", Rule: "idle and absolute lifetimes are documented, with presets"},
		{ID: "7.1.2", Rule: "sessions per account are limited, with a defined action"},
		{ID: "7.1.3", Rule: "federated session systems are listed",
			Elsewhere: "does not apply: Coatcheck federates with nobody"},
		{ID: "7.2.1", Rule: "tickets are verified only in a trusted backend"},
		{ID: "7.2.2", Rule: "tickets are generated, no static secrets"},
		{ID: "7.2.3", Rule: "tickets are unique, from a CSPRNG, of at least 128 bits"},
		{ID: "7.2.4", Rule: "sign-in and re-authentication make a new ticket and end the old one"},
		{ID: "7.3.1", Rule: "the idle timeout is enforced by the server"},
		{ID: "7.3.2", Rule: "so is the absolute lifetime"},
		{ID: "7.4.1", Rule: "after sign-out or expiry the ticket is of no use"},
		{ID: "7.4.2", Rule: "all sessions of an account can be ended when it is disabled"},
		{ID: "7.4.3", Rule: "all other sessions can be ended after a change of a factor"},
		{ID: "7.4.5", Rule: "administrators can end sessions of one user or of all"},
		{ID: "7.5.1", Rule: "sensitive changes ask for a fresh proof"},
		{ID: "7.5.2", Rule: "users see and end their sessions"},
		{ID: "7.5.3", Rule: "highly sensitive actions ask for a stronger proof"},
		{ID: "3.3.1", Rule: "Secure on the cookie, and a prefix"},
		{ID: "3.3.2", Rule: "SameSite is set by purpose"},
		{ID: "3.3.3", Rule: "`__Host-` unless the cookie is to be shared"},
		{ID: "3.3.4", Rule: "HttpOnly"},
		{ID: "3.3.5", Rule: "name and value of at most 4,096 bytes",
			Elsewhere: "a ticket has 55 bytes; package cookie refuses longer ones at write, and has the tests"},
		{ID: "3.7.2", Rule: "no redirect to other hosts"},
		{ID: "8.3.2", Rule: "changes of authorisation take effect at once"},
		{ID: "10.4.5", Rule: "replay of a rotated secret is noticed, and ends the session"},
		{ID: "10.4.8", Rule: "remembered sessions end absolutely, whatever slides"},
		{ID: "10.4.9", Rule: "users can end what was remembered"},
		{ID: "11.2.4", Rule: "comparisons take constant time"},
		{ID: "11.5.1", Rule: "random values of at least 128 bits from a CSPRNG"},
		{ID: "14.2.1", Rule: "no ticket in a URL"},
		{ID: "14.3.2", Rule: "what belongs to a session is not cached"},
		{ID: "15.3.4", Rule: "the client's address comes from trusted fields"},
		{ID: "15.4.1", Rule: "shared objects are safe for concurrent use"},
		{ID: "15.4.2", Rule: "a check and what follows from it are one step"},
		{ID: "16.2.1", Rule: "events say who, what, when and where"},
		{ID: "16.2.4", Rule: "events have a common form"},
		{ID: "16.2.5", Rule: "logs have tickets neither in clear nor recoverable"},
		{ID: "16.3.1", Rule: "every sign-in is an event"},
		{ID: "16.3.2", Rule: "refused access is an answer and an event"},
		{ID: "16.3.3", Rule: "attempts to get past a control are events"},
		{ID: "16.4.1", Rule: "what is logged cannot forge a log line"},
		{ID: "16.5.1", Rule: "visitors see generic errors"},
		{ID: "16.5.2", Rule: "a failing dependency leaves things secure"},
		{ID: "16.5.3", Rule: "nothing fails open"},
	},
}

var nist = Group{
	Title:  "NIST SP 800-63B-4",
	Source: "Session management, section 5, and the timeouts of section 2.",
	Rows: []Row{
		{ID: "N1", Rule: "AAL1: 30 days at most"},
		{ID: "N2", Rule: "AAL2: 24 hours at most, 1 hour idle"},
		{ID: "N3", Rule: "AAL3: 12 hours at most, 15 minutes idle"},
		{ID: "N4", Rule: "secrets of at least 64 bits from an approved generator, invalid after sign-out and timeout"},
		{ID: "N5", Rule: "cookie: Secure, minimal scope, HttpOnly, `__Host-`, opaque; its expiry is not relied on"},
		{ID: "N6", Rule: "requests that change something are tied to the session",
			Elsewhere: "package csrf, and its tests"},
		{ID: "N7", Rule: "activity resets the idle timer; a session rates no higher than its proofs"},
		{ID: "N8", Rule: "proof of possession mitigates theft",
			Elsewhere: "device bound sessions are not part of this package"},
		{ID: "N9", Rule: "presets"},
	},
}

var cheatSheets = Group{
	Title:  "OWASP cheat sheets and testing guide",
	Source: "Session management, CSRF, logging vocabulary, WSTG-SESS.",
	Rows: []Row{
		{ID: "C1", Rule: "opaque IDs without meaning, of 128 bits or more"},
		{ID: "C2", Rule: "no ID is adopted that the server did not issue"},
		{ID: "C3", Rule: "IDs come by cookie alone, and are hostile input"},
		{ID: "C4", Rule: "renewal at every change of privilege, and from time to time with a short overlap"},
		{ID: "C5", Rule: "idle, absolute and renewal timers on the server"},
		{ID: "C6", Rule: "no-store on every response with a session"},
		{ID: "C7", Rule: "the whole life of a session is logged, without its secret"},
		{ID: "C8", Rule: "several cookies of one session are checked together",
			Elsewhere: "a session has one cookie; several of its name are refused"},
		{ID: "C9", Rule: "Sec-Fetch-Site first, Origin as fallback", Elsewhere: "package csrf, and its tests"},
		{ID: "C10", Rule: "CSRF tokens are bound to the session",
			Elsewhere: "does not apply: package csrf needs no tokens"},
		{ID: "C11", Rule: "SameSite alone is not relied on", Elsewhere: "package csrf, and its tests"},
		{ID: "C12", Rule: "JWT rules", Elsewhere: "does not apply: tickets are no JWTs"},
		{ID: "C13", Rule: "address and browser are kept at the start of a session, and theft is noticed"},
		{ID: "C14", Rule: "events have the names of the logging vocabulary"},
		{ID: "C15", Rule: "the scenarios of WSTG-SESS"},
	},
}

var attacks = Group{
	Title:  "Attacks",
	Source: "What has gone wrong elsewhere, with advisories to show for it.",
	Rows: []Row{
		{ID: "A1", Rule: "fixation"},
		{ID: "A2", Rule: "prediction and weak randomness"},
		{ID: "A3", Rule: "guessing"},
		{ID: "A4", Rule: "timing of the look-up"},
		{ID: "A5", Rule: "truncated or malformed tickets"},
		{ID: "A6", Rule: "cookie tossing and shadowing"},
		{ID: "A7", Rule: "eviction by an overflowing jar",
			Elsewhere: "out of our hands; a visitor without a ticket is nobody, and what they store signs nobody in"},
		{ID: "A8", Rule: "bypass of the name's prefix"},
		{ID: "A9", Rule: "`$Version` and quoted values"},
		{ID: "A10", Rule: "injection of attributes and lines"},
		{ID: "A11", Rule: "oversized and many cookies"},
		{ID: "A12", Rule: "replay after sign-out or revocation"},
		{ID: "A13", Rule: "the sign-in page and a session that is there"},
		{ID: "A14", Rule: "replay of a rotated secret"},
		{ID: "A15", Rule: "resurrection by a request that is still running"},
		{ID: "A16", Rule: "lost updates"},
		{ID: "A17", Rule: "remembered sessions and parallel tabs"},
		{ID: "A18", Rule: "races for something that may happen once"},
		{ID: "A19", Rule: "session puzzling"},
		{ID: "A24", Rule: "clickjacking of what ends sessions"},
		{ID: "A25", Rule: "a shared cache stores a page or a cookie"},
		{ID: "A26", Rule: "sessions are swapped inside the process"},
		{ID: "A27", Rule: "attacks by serialised data"},
		{ID: "A31", Rule: "forged X-Forwarded headers"},
		{ID: "A34", Rule: "open redirect after sign-in"},
		{ID: "A35", Rule: "leaks in logs, errors and URLs"},
		{ID: "A36", Rule: "a stolen store"},
		{ID: "A38", Rule: "a cache revives a revoked session"},
		{ID: "A39", Rule: "clocks that are wrong or step"},
		{ID: "A42", Rule: "connections that outlive their session"},
		{ID: "A43", Rule: "floods of sessions"},
	},
}

var reliability = Group{
	Title:  "Reliability",
	Source: "What must hold when something fails.",
	Rows: []Row{
		{ID: "R3", Rule: "what was revoked is never valid again"},
		{ID: "R4", Rule: "no lost update, no stale write"},
		{ID: "R5", Rule: "parallel tabs are never signed out by rotation"},
		{ID: "R6", Rule: "memory is bounded, and what has expired is reclaimed"},
		{ID: "R7", Rule: "expiry is exact"},
		{ID: "R8", Rule: "store down: public pages go on, others answer 503, writes fail"},
		{ID: "R9", Rule: "an end that could not be made durable is an error"},
		{ID: "R10", Rule: "bounded queues, deadlines, a breaker, no herd"},
		{ID: "R11", Rule: "a cancelled request poisons nothing"},
		{ID: "R16", Rule: "garbage costs no allocation and bounded work"},
		{ID: "R17", Rule: "a browser that crashed comes back with the cookie before, and stays signed in"},
	},
}
