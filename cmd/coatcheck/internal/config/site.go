package config

import (
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/route"
)

// A Site is an app, the names it has, and what its visitors get.
type Site struct {
	Hosts []string `kong:"-" yaml:"hosts" placeholder:"HOST" help:"Names that browsers know the site by, such as shop.example, *.shop.example for all below it, or localhost:8080 for one port. Without it the site is for all names that no other site has."`
	Realm string   `yaml:"realm" placeholder:"NAME" help:"Keeps the sessions of sites apart that share a store: a ticket is good only in the realm where its session began. Sites with the same users may share one. Any name that stays."`

	Upstream        string        `yaml:"upstream" placeholder:"URL" help:"Where the app is: http://127.0.0.1:3000, https://app.internal, h2c://127.0.0.1:3000 (HTTP/2 without TLS) or unix:/run/app.sock."`
	Beside          string        `yaml:"beside" placeholder:"nginx|caddy|traefik|haproxy|envoy" enum:",nginx,caddy,traefik,haproxy,envoy" default:"" help:"Stand beside this proxy instead of in front of the app: it asks at /.coatcheck/auth who makes each request, and passes it on itself. Needs trust-proxy. upstream then only says where coatcheck snippet has it send requests. Default: stand in front of the app"`
	UpstreamCA      string        `yaml:"upstream-ca" name:"upstream-ca" placeholder:"FILE" help:"Certificates (PEM) of the authorities that may vouch for an https upstream. Default: those that the system trusts"`
	UpstreamTimeout time.Duration `yaml:"upstream-timeout" default:"1m" placeholder:"TIME" help:"How long the app may take to begin its answer; 0 is no limit. Default: ${default}"`
	BodyTimeout     time.Duration `yaml:"body-timeout" default:"1m" placeholder:"TIME" help:"How long a client may pause while it sends a body; 0 is no limit. Default: ${default}"`
	PassHeader      []string      `yaml:"pass-header" placeholder:"NAME" sep:"," help:"A request header the app asks for although clients could mislead it with it, such as X-HTTP-Method-Override or True-Client-IP. Repeatable."`

	SignIn string          `yaml:"sign-in" placeholder:"PATH" help:"The app's sign-in page, such as /login: browsers that have to sign in are sent there, with the page that they wanted in the parameter return_to. Default: they get 401"`
	Public []string        `yaml:"public" placeholder:"PATH" sep:"," help:"Path of what is the same for everybody, such as /static/ for all below it: no session is looked up there, and the app's caching stays. Repeatable."`
	Routes []Route         `kong:"-" yaml:"routes" help:"What requests need, in order: the first route that matches counts."`
	Bearer []route.Pattern `yaml:"bearer" placeholder:"PATTERN" sep:"," help:"Paths of programs and mobile apps without cookies, such as /api/: they send their ticket as Authorization: Bearer, and get a new one in the header Session-Ticket. Let no page of the site be among them. Repeatable."`

	Cookie Cookie `embed:"" prefix:"cookie-" yaml:"cookie" help:"The cookie that has the visitor's ticket."`

	Preset              string        `yaml:"preset" placeholder:"aal1|aal2|aal3|owasp-low|owasp-high" enum:",aal1,aal2,aal3,owasp-low,owasp-high" default:"" help:"Timeouts of NIST SP 800-63B-4 or of the OWASP cheat sheet, in place of the defaults of those below."`
	IdleTimeout         time.Duration `yaml:"idle-timeout" placeholder:"TIME" help:"A session ends when it was not used for so long. Default: 1h"`
	Lifetime            time.Duration `yaml:"lifetime" placeholder:"TIME" help:"A session ends when it is so old. Default: 24h"`
	RememberIdleTimeout time.Duration `yaml:"remember-idle-timeout" placeholder:"TIME" help:"The same for users who asked to stay signed in. Default: 336h (14 days)"`
	RememberLifetime    time.Duration `yaml:"remember-lifetime" placeholder:"TIME" help:"The same for users who asked to stay signed in; 9600h (400 days) at most. Default: 720h (30 days)"`
	RotateEvery         time.Duration `yaml:"rotate-every" placeholder:"TIME" help:"How often the ticket of a signed-in user gets a new secret. Default: 30m"`
	RotationGrace       time.Duration `yaml:"rotation-grace" placeholder:"TIME" help:"How long the old secret is still good after the browser has shown the new one. Default: 30s"`
	Theft               string        `yaml:"theft" placeholder:"end|step-up|log" enum:"end,step-up,log" default:"end" help:"What happens to a session when an old secret is shown after that: it ends, has to prove again who it is, or is only reported. Default: ${default}"`

	MaxSessions int    `yaml:"max-sessions" default:"100" placeholder:"N" help:"Sessions that one user may have. Default: ${default}"`
	AtLimit     string `yaml:"at-limit" placeholder:"end-oldest|end-least-used|refuse" enum:"end-oldest,end-least-used,refuse" default:"end-oldest" help:"What the next sign-in does. Default: ${default}"`
	MaxVisitors int    `yaml:"max-visitors" default:"10000" placeholder:"N" help:"Sessions of visitors who have not signed in that may begin in a minute. Default: ${default}"`
	MaxBytes    int    `yaml:"max-bytes" default:"6144" placeholder:"BYTES" help:"Data of one session, which travels in one header; 6144 at most. Default: ${default}"`
	MaxKeys     int    `yaml:"max-keys" default:"100" placeholder:"N" help:"Keys of one session's data. Default: ${default}"`

	TrustOrigin []string `yaml:"trust-origin" placeholder:"ORIGIN" help:"Another origin whose pages may send forms to the app, such as https://pay.example, capacitor://localhost or chrome-extension://ID. Repeatable."`
	FormTokens  bool     `yaml:"form-tokens" help:"Ask for a token where a client tells neither Sec-Fetch-Site nor Origin, as old browsers do, before it changes something. The app finds one in Coatcheck-Csrf-Token, for a form field csrf_token or the header X-CSRF-Token. Default: such requests pass."`
	Inventory   string   `yaml:"inventory" placeholder:"FILE" help:"File (JSON) that declares which cookies and values the site keeps, and what for: what is not in it is in the log and in the metric coatcheck_state_drift_total. See docs/operations.md."`

	TokensFor    string `yaml:"tokens-for" placeholder:"AUD" help:"Send the app a signed token for this audience in Authorization: Bearer, with every request of a user; any JWT library verifies it with /.well-known/jwks.json of the site. Clients' own Authorization headers no longer reach the app."`
	TokensIssuer string `yaml:"tokens-issuer" placeholder:"URL" help:"Issuer of tokens: the site's URL as its visitors know it. Needed with --tokens-for; with it services exchange tickets for tokens, by app keys of the scope token:AUDIENCE"`

	InsecureTrustNullOrigin bool `yaml:"insecure-trust-null-origin" help:"Let pages without an origin (Origin: null), as from files, send forms to the app. Any site of the world can make a browser send that, and so act in a visitor's name."`
	InsecureReportCrossSite bool `yaml:"insecure-report-cross-site" help:"Let pages of any site send forms to the app, and only report them (malicious_csrf in the log), to find out which origins to trust. For a while: nothing keeps them from acting in a visitor's name."`
}

// A Cookie is what a site's cookie is to be.
type Cookie struct {
	Name        string `yaml:"name" placeholder:"NAME" help:"Name of the session's cookie; it begins with __Host-, or with __Secure- if it has a domain. Two sites on one host need two. Default: __Host-session, or __Secure-session with a domain"`
	Domain      string `yaml:"domain" placeholder:"DOMAIN" help:"Share the sessions with all hosts of a domain, such as shop.example. Each of them, forgotten ones included, is given every visitor's ticket. Default: the host alone"`
	SameSite    string `yaml:"same-site" placeholder:"lax|strict|none" enum:",lax,strict,none" default:"" help:"Whether browsers send the cookie with requests that another site begins: lax with links, strict with none, none (which needs partitioned) with all. Default: lax"`
	Partitioned bool   `yaml:"partitioned" help:"For an app in a frame on other sites: the cookie has SameSite=None and Partitioned, so that each of those sites has sessions of its own."`
}

// A Route says what the requests that it matches need.
type Route struct {
	Match   route.Pattern `yaml:"match" help:"Pattern as of Go's ServeMux: /static/ for all below it, /about for one page, GET /account/{id}, /{$} for the home page alone."`
	Access  string        `yaml:"access" enum:",any,public,optional,required" help:"any: everybody, and 503 while the store is down. public: everybody gets the same, the store is not asked, and the app's caching stays. optional: everybody, as a visitor while the store is down. required: who is signed in. Default: required with recent or level, else any"`
	Recent  time.Duration `yaml:"recent" help:"Only who proved who they are within this time; others have to sign in again."`
	Level   int           `yaml:"level" help:"Only who proved who they are at this level or a higher one, as the app says by \"level=2\" in Coatcheck-Sign-In."`
	Stale   time.Duration `yaml:"stale" help:"How long the last known state of a session is believed while the store is down."`
	Passive bool          `yaml:"passive" help:"Requests are no use of the session: polling that goes on while nobody is there."`
}
