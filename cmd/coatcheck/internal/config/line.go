package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/jar/format"
)

// A Line is a command line. Command says which of its parts is meant.
type Line struct {
	Demo      Demo      `cmd:"" help:"Run a small demo shop, to see in a browser what Coatcheck does."`
	Serve     Serve     `cmd:"" help:"Stand in front of an app in any language, and keep its sessions."`
	Check     Check     `cmd:"" help:"Say what browsers make of a site's cookies, and what is wrong with them."`
	Audit     Audit     `cmd:"" help:"Visit a site in Chromium, list what is kept there and by whom, and compare it with an inventory."`
	Config    Configs   `cmd:"" help:"Work on configuration files of serve."`
	Doctor    Doctor    `cmd:"" help:"Say what the store promises, what it does not, and what to do about it; or attack your own site."`
	Echo      Echo      `cmd:"" help:"Be an app for trying things, which answers with what reached it."`
	Explain   Explain   `cmd:"" help:"Say what a cookie from a complaint is worth: read a Cookie header, a Set-Cookie line or a ticket from standard input."`
	Store     Stores    `cmd:"" help:"Work on whole stores."`
	Keys      Keys      `cmd:"" help:"Show and change the keys that sign and encrypt."`
	AppKeys   AppKeys   `cmd:"" name:"app-keys" help:"Make, list and retire the keys by which services use the session API."`
	Operators Operators `cmd:"" help:"Name those who use the console: what each may do, and how they sign in."`
	Webhooks  Webhooks  `cmd:"" help:"Show who else hears of what happens to sessions, and send what happened once more."`
	Cookies   Cookies   `cmd:"" help:"Work on files of cookies."`
	Snippet   Snippets  `cmd:"" help:"Print what a system needs to run the program: a service, a container, or a proxy beside it."`
	Version   struct{}  `cmd:"" help:"Print the version."`
	Help      struct{}  `cmd:"" help:"Print this help, or with a command behind it that of the command."`

	Command Command `kong:"-"`
}

// Command names what the program is to do.
type Command string

// The commands.
const (
	RunDemo        Command = "demo"
	RunServe       Command = "serve"
	RunCheck       Command = "check"
	RunAudit       Command = "audit"
	CheckConfig    Command = "config check <file>"
	ExampleConfig  Command = "config example"
	SchemaConfig   Command = "config schema"
	RunDoctor      Command = "doctor"
	RunEcho        Command = "echo"
	ExplainCookie  Command = "explain"
	CopyStore      Command = "store copy <from> <to>"
	ConvertCookies Command = "cookies convert <from> <to>"
	ListKeys       Command = "keys list"
	RotateKeys     Command = "keys rotate"
	RetireOldKeys  Command = "keys retire"
	CheckAllKeys   Command = "keys check"
	NewAppKey      Command = "app-keys new"
	ListAppKeys    Command = "app-keys list"
	RetireAppKey   Command = "app-keys retire <id>"
	AddOperator    Command = "operators add <name>"
	ListOperators  Command = "operators list"
	ChangeOperator Command = "operators role <name>"
	RetireOperator Command = "operators retire <name>"
	LinkOperator   Command = "operators link <name>"
	ResetPasskey   Command = "operators reset-passkey <name>"
	ListWebhooks   Command = "webhooks list"
	ReplayWebhooks Command = "webhooks replay <receiver>"
	ResumeWebhooks Command = "webhooks resume <receiver>"
	PrintVersion   Command = "version"
	PrintSystemd   Command = "snippet systemd"
	PrintContainer Command = "snippet container"
	PrintNginx     Command = "snippet nginx"
	PrintCaddy     Command = "snippet caddy"
	PrintTraefik   Command = "snippet traefik"
	PrintEnvoy     Command = "snippet envoy"
	PrintHAProxy   Command = "snippet haproxy"
)

// Server has the flags of every command that serves.
type Server struct {
	Listen               string    `yaml:"listen" default:"localhost:8080" placeholder:"ADDRESS" help:"Address of the site, host:port; port 0 picks a free one. Default: ${default}"`
	ConsoleListen        string    `yaml:"console-listen" default:"localhost:8081" placeholder:"ADDRESS" help:"Address of the console and its API. Keep it on loopback, or behind something that speaks https. Default: ${default}"`
	ConsoleHost          []string  `yaml:"console-host" placeholder:"NAME" sep:"," help:"Other name by which browsers reach the console, such as console.example, through a proxy that speaks https. Pages at names that are not given are refused, because any site could give its own name to this address. Repeatable. Default: localhost and addresses alone"`
	ConsoleTrustUserFrom []Network `yaml:"console-trust-user-from" name:"console-trust-user-from" placeholder:"CIDR" sep:"," help:"Another gate in front of the console, whose header Coatcheck-User signs the operator of that name in. Dangerous: whoever can connect from there is any operator they like, so name that gate alone, and let nothing else run there. Repeatable. Default: the header is ignored"`
	MetricsListen        string    `yaml:"metrics-listen" name:"metrics-listen" placeholder:"ADDRESS" help:"Another address for the metrics and health checks alone, where nobody is asked for a token. Keep it inside. Default: the console's alone, with a token"`
	APIListen            string    `yaml:"api-listen" name:"api-listen" placeholder:"ADDRESS" help:"Another address for the session API, without the console: for services, with app keys. Keep it inside, or behind something that speaks https. Default: the console's alone"`
	AppKeys              string    `yaml:"app-keys" name:"app-keys" placeholder:"FILE" help:"File of the keys by which services use the session API: see coatcheck app-keys. Several nodes need the same. Default: app-keys in the data folder"`
	ConsoleToken         string    `yaml:"console-token" placeholder:"TOKEN" help:"Token for the console and its API, in place of the one in the data folder. Other users of the machine can read command lines: pass it in the environment, as COATCHECK_CONSOLE_TOKEN."`
	Operators            string    `yaml:"operators" placeholder:"FILE" help:"File of the console's operators: see coatcheck operators. Default: operators in the data folder"`
	Data                 string    `yaml:"data" default:"${data}" placeholder:"DIR" help:"Folder for sessions and the console's token; made if it is missing. Default: ${default}"`
	Storage              `embed:""`
	BindDevices          string        `yaml:"bind-devices" default:"off" enum:"off,offered,required" placeholder:"off|offered|required" help:"Bind the sessions of users to their device (DBSC), so that a copied cookie is worthless: offered asks the browsers that can, required keeps others from being signed in. Needs https. Default: ${default}"`
	BindLifetime         time.Duration `yaml:"bind-lifetime" default:"10m" placeholder:"TIME" help:"How long copied cookies of a bound session are good at most. Default: ${default}"`
	SealData             bool          `yaml:"seal-data" help:"Encrypt the data of sessions in the store, with keys that the store never has. Data from before is encrypted in the background."`
	KeysFrom             string        `yaml:"keys" name:"keys" placeholder:"FILE" help:"File of the keys for --seal-data and --tokens-for, or env:NAME for keys in the environment. Every node needs the same. Default: keys in the data folder, made if it is missing"`
	History              time.Duration `yaml:"history" default:"2160h" placeholder:"TIME" help:"How long to keep what has happened to sessions, and what operators have done; 0 keeps nothing. Default: ${default} (90 days)"`
	DrainTime            time.Duration `yaml:"drain-time" default:"0s" placeholder:"TIME" help:"How long to keep serving after a signal to stop, while /readyz already says so: for load balancers to notice. Default: ${default}"`
	ClientConns          int           `yaml:"client-connections" name:"client-connections" default:"1000" placeholder:"N" help:"Connections that one client address may have open at a time; 0 is no limit. Loopback and --trust-proxy have none. Default: ${default}"`
	Dev                  bool          `yaml:"dev" help:"For development over plain http at a name such as http://dev.lan:8080: cookies without Secure and without a name prefix. Anybody on the network can take sessions over."`
	TrustProxy           []Network     `yaml:"trust-proxy" placeholder:"CIDR" sep:"," help:"Proxy in front, such as 10.0.0.0/8 or 127.0.0.1, whose X-Forwarded headers are believed. Repeatable."`
	TLS                  `embed:""`
	AccessLog            string `yaml:"access-log" placeholder:"FILE" help:"File to add one line to for each request of the site; - is standard output. No line has a secret. Default: none is written"`
	LogFormat            string `yaml:"log-format" default:"text" enum:"text,json" placeholder:"text|json" help:"Format of the log on standard error. Default: ${default}"`
	Verbose              bool   `yaml:"verbose" short:"v" help:"Also log what goes right: sign-ins, sign-outs, expiry."`
}

// Storage has the flags that say where sessions are kept, and how.
type Storage struct {
	Store               string        `yaml:"store" placeholder:"STORE" help:"Where sessions are kept; an address begins with one of ${schemes} (see coatcheck doctor --help). Default: an SQLite database in the data folder"`
	AcceptDanger        []string      `yaml:"accept-danger" placeholder:"NAME" sep:"," help:"Start although this setting of the store breaks a promise; the refusal names the setting. Repeatable."`
	NoNear              bool          `yaml:"no-near" help:"Ask the store at every request, instead of caching sessions in memory."`
	NearBytes           int64         `yaml:"near-bytes" default:"67108864" placeholder:"BYTES" help:"Memory for cached sessions. Default: ${default}"`
	Lease               time.Duration `yaml:"lease" default:"5s" placeholder:"TIME" help:"How long a cached session is believed while the store's feed is silent: the longest that it can outlive its end on another node. Default: ${default}"`
	StoreTimeout        time.Duration `yaml:"store-timeout" default:"2s" placeholder:"TIME" help:"How long one store call may take. Default: ${default}"`
	StoreCalls          int           `yaml:"store-calls" default:"256" placeholder:"N" help:"Maximum concurrent store calls; more fail at once, as if the store were down. Default: ${default}"`
	MoveFrom            string        `yaml:"move-from" placeholder:"STORE" help:"Take over sessions from this store as they are used; \"coatcheck store copy --move\" brings the rest. See docs/operations.md."`
	MoveTo              string        `yaml:"move-to" placeholder:"STORE" help:"Leave sessions where they are, but find those that other nodes have already moved to this store: the step before --move-from when several nodes restart one by one."`
	AcceptRestoredStore bool          `yaml:"accept-restored-store" help:"After a restore from backup, accept sessions that had ended since that backup."`
}

// Demo has the flags of the demo.
type Demo struct {
	Inventory bool   `help:"Print what the shop keeps for its visitors, and where; serve nothing."`
	Receipts  string `placeholder:"FILE" help:"Add each answer about consent to this file, as a line of JSON, for an auditor. Nothing in it tells who the visitor was."`
	Server    `embed:""`
}

// Serve has the flags of the gate. Its tags "yaml" are the keys of a configuration file, which are the flags' names.
type Serve struct {
	Config string `yaml:"-" placeholder:"FILE" help:"Configuration file: see coatcheck config example. Flags and the environment win over it."`
	Site   `embed:""`
	Server `embed:""`
	Pushes `embed:""`
	Sites  []Site `kong:"-" yaml:"sites" help:"Several sites by host, each with keys of its own. Without it there is one site, whose keys stand at the top."`

	file *document       // that was read; nil without one
	set  map[string]bool // the flags that win over it
}

// Configs has the commands that work on configuration files.
type Configs struct {
	Check   CheckFile `cmd:"" help:"Say what is wrong in a configuration file, and where; start nothing."`
	Example struct{}  `cmd:"" help:"Print a configuration file that has every key, with what it means."`
	Schema  struct{}  `cmd:"" help:"Print the JSON Schema of configuration files, for editors."`
}

// CheckFile has the argument of a check.
type CheckFile struct {
	File string `arg:"" help:"File to check."`
}

// Help is the text below that of the command.
func (*CheckFile) Help() string {
	return `Each mistake is one line: file, line, column, key, what is wrong and what to do. ` +
		`The exit status is 1 if there is one.`
}

// Doctor has the flags of the doctor.
type Doctor struct {
	Store  string `placeholder:"STORE" help:"Address of the store, as it was given to serve. Default: an SQLite database in the data folder"`
	Data   string `default:"${data}" placeholder:"DIR" help:"Data folder of the program that uses the store. Default: ${default}"`
	Format string `default:"text" enum:"text,json" placeholder:"text|json" help:"Format of the report. Default: ${default}"`
	Attack `embed:""`
}

// Help is the text below that of the command.
func (*Doctor) Help() string {
	return `The exit status is 1 if something is dangerous. ` +
		`The doctor changes nothing, so it can run while the store is in use.

A STORE, here and elsewhere, is one of

  ` + strings.Join(backend.Examples(), "\n  ") + `

With rediss in place of redis the connection is encrypted. ` +
		`Parameters such as ?pool=16 may follow: docs/operations.md lists them.

Other users of the machine can read command lines. ` +
		`Pass an address that has a password in the environment, as COATCHECK_STORE.`
}

// Explain has the flags of an explanation.
type Explain struct {
	Store   string `placeholder:"STORE" help:"Address of the store, as it was given to serve. Default: an SQLite database in the data folder"`
	KeyFile `embed:""`
	Realm   string   `placeholder:"NAME" help:"Realm of the site, if its configuration names one."`
	URL     string   `name:"url" default:"https://site.example/" placeholder:"URL" help:"Page whose response has the Set-Cookie lines. Default: ${default}"`
	Cookie  []string `placeholder:"NAME" sep:"," help:"Name of the session's cookie, if it is not one of the default ones. Repeatable."`
	Format  string   `default:"text" enum:"text,json" placeholder:"text|json" help:"Format of the report. Default: ${default}"`
}

// Help is the text below that of the command.
func (*Explain) Help() string {
	return `The cookie comes by standard input alone, because other users of the machine can read command lines:

  coatcheck explain < cookie.txt

No secret is shown, kept or logged. Looking changes nothing: the session does not count as used, and a stolen ticket ` +
		`ends nothing. The exit status is 0 whatever the cookie is worth.`
}

// Stores has the commands that work on whole stores.
type Stores struct {
	Copy Copy `cmd:"" help:"Copy or move all sessions from one store to another, and prove it."`
}

// Copy has the arguments of a copy.
type Copy struct {
	From         string `arg:"" help:"Store to read."`
	To           string `arg:"" help:"Store to write."`
	Move         bool   `help:"Move the sessions, so that FROM is empty in the end. For stores in use by nodes that run with --store TO --move-from FROM."`
	DeleteExtras bool   `help:"Delete what TO has and FROM has not: to bring a copy up to date that nobody uses yet."`
}

// Help is the text below that of the command.
func (*Copy) Help() string {
	return `Without --move, nobody may be using either store. Start an interrupted copy again to finish it. ` +
		`The exit status is 1 if the stores differ in the end.

FROM and TO may come from the environment: write "env:NAME" for the value of the variable NAME.`
}

// Webhooks has the commands that work on the outbox of webhooks.
type Webhooks struct {
	List   OutboxFolder   `cmd:"" help:"List the receivers: what waits for them, and what they answered."`
	Replay ReplayOutbox   `cmd:"" help:"Send a receiver everything once more that happened since a time."`
	Resume OutboxReceiver `cmd:"" help:"Switch a receiver on again that has answered 410 Gone."`
}

// OutboxFolder says whose outbox it is.
type OutboxFolder struct {
	Data string `default:"${data}" placeholder:"DIR" help:"Data folder of the program. Default: ${default}"`
}

// OutboxReceiver names a receiver.
type OutboxReceiver struct {
	OutboxFolder `embed:""`
	Receiver     string `arg:"" help:"Its name, as the configuration has it."`
}

// ReplayOutbox has the flags of a replay.
type ReplayOutbox struct {
	OutboxReceiver `embed:""`
	Since          string `required:"" placeholder:"TIME" help:"Since when: how long ago, such as 2h, or a time such as 2026-03-01T12:00:00Z."`
}

// Help is the text below that of the command.
func (*ReplayOutbox) Help() string {
	return `The program that runs does it within 10 seconds, or the next one when it is started. ` +
		`Messages keep their webhook-id, and are kept for 7 days.`
}

// Keys has the commands that work on keys.
type Keys struct {
	List   KeyFile    `cmd:"" help:"List the keys, newest first."`
	Rotate KeyFile    `cmd:"" help:"Add a key, which signs and encrypts from now on; running nodes use it within a second."`
	Retire RetireKeys `cmd:"" help:"Forget old keys: what they signed or encrypted is refused from now on."`
	Check  CheckKeys  `cmd:"" help:"Say how many sessions in the store hang on which key."`
}

// KeyFile says where the keys are.
type KeyFile struct {
	Data     string `default:"${data}" placeholder:"DIR" help:"Data folder of the program that uses the keys. Default: ${default}"`
	KeysFrom string `name:"keys" placeholder:"FILE" help:"File of the keys. Default: keys in the data folder"`
}

// RetireKeys has the flags of a retirement.
type RetireKeys struct {
	KeyFile   `embed:""`
	OlderThan time.Duration `default:"24h" placeholder:"TIME" help:"Retire the keys that have not signed or encrypted for so long. Default: ${default}"`
	Store     string        `placeholder:"STORE" help:"Store to look at first: a key that sessions still hang on is not retired. Default: an SQLite database in the data folder"`
	Force     bool          `help:"Retire them although sessions hang on them, and without looking: for a key that may have leaked."`
}

// CheckKeys has the flags of a check of keys.
type CheckKeys struct {
	KeyFile `embed:""`
	Store   string `placeholder:"STORE" help:"Address of the store, as it was given to serve. Default: an SQLite database in the data folder"`
}

// Help is the text below that of the command.
func (*CheckKeys) Help() string {
	return `The exit status is 1 if sessions hang on an old key, or on none that there is. ` +
		`The check changes nothing, so it can run while the store is in use.`
}

// Cookies has the commands that work on files of cookies.
type Cookies struct {
	Convert Convert `cmd:"" help:"Convert cookies from the file of one program to that of another."`
}

// Convert has the arguments of a conversion of cookies.
type Convert struct {
	From       string `arg:"" help:"File to read; - is standard input."`
	To         string `arg:"" help:"File to write; - is standard output. A file that is there is replaced."`
	FromFormat string `short:"f" placeholder:"FORMAT" enum:",${readable}" default:"" help:"Format of FROM, by its name above. Default: by its content."`
	ToFormat   string `short:"t" placeholder:"FORMAT" enum:",${writable}" default:"" help:"Format of TO. Default: by its name."`
	For        string `placeholder:"PROGRAM" enum:",${readers}" default:"" help:"Program that will read a cookies.txt: ${readers}. They read it differently; what this one would drop is written in its way, or named."`
	URL        string `name:"url" placeholder:"URL" help:"Where the cookies belong, if FROM does not say so: a Cookie header, or headers that curl has dumped."`
	Secret     string `placeholder:"FILE" help:"File with the secret that the system's keyring keeps for Chromium (Chromium Safe Storage), or env:NAME for one in the environment, to read what Chromium has encrypted."`
	Container  string `placeholder:"NAME" help:"Firefox container to read, by its name or its number (userContextId). Default: cookies outside of containers"`
	Strict     bool   `help:"Write nothing, and make the exit status 1, if anything would be lost."`
}

// Help is the text below that of the command.
func (*Convert) Help() string {
	var list strings.Builder
	for _, f := range format.All() {
		fmt.Fprintf(&list, "\t%-24s%s\n", f, f.About())
	}
	return `An entry of FROM that cannot be read is left out, and the others are read. ` +
		`Each is named on standard error, with its place and the reason, as is what TO cannot hold. ` +
		`Cookies that have expired are left out and counted.

The exit status is 1 if nothing was written: FROM cannot be read, none of its entries is left, ` +
		`or there is a loss and --strict. Otherwise it is 0.

FROM is told by its content, and may be compressed by gzip. The formats, and the names of files that tell that of TO:

` + list.String() + `
The databases of browsers are read and never written; close the browser first. ` +
		`Values that Chromium has encrypted with a key of the system are read with --secret alone. ` +
		`Or ask the running browser instead, by Storage.getCookies of its DevTools protocol: ` +
		`the answer has the format cdp.`
}

// Check has the flags of the check.
type Check struct {
	Pages   []string `arg:"" optional:"" name:"url" help:"Pages to fetch, in this order, as one visitor; redirects are followed."`
	Cookies string   `placeholder:"FILE" help:"File of cookies that the visitor has before, of any format that \"coatcheck cookies convert\" reads: to check what signed-in users get."`
	Header  []string `sep:"none" placeholder:"'NAME: VALUE'" help:"Header to send to the hosts of the pages, and to no others; may be repeated."`
	Request string   `placeholder:"METHOD" help:"Method for the first page, such as POST to sign in. Default: GET, or POST with --data"`
	Data    string   `placeholder:"BODY" help:"Body for the first page, such as user=ada&password=lovelace, as the form of a page of the same origin sends it."`
	Crawl   int      `name:"pages" placeholder:"N" help:"Follow links of the same site until N pages have been fetched. Links that look as if they signed out are left alone."`
	HAR     string   `name:"har" placeholder:"FILE" help:"HTTP archive to check."`
	Lines   string   `placeholder:"FILE" help:"Set-Cookie lines to check; - is standard input. A line with a URL says where those below it come from. \"URL in URL\" says that the second page embeds the first."`
	URL     string   `name:"url" placeholder:"URL" help:"URL of the response, where the input has no URL line above."`
	Format  string   `default:"text" enum:"text,json,sarif" placeholder:"text|json|sarif" help:"Format of the report. Default: ${default}"`
	FailOn  string   `default:"warning" enum:"error,warning,note,never" placeholder:"error|warning|note|never" help:"Lowest severity of a finding that makes the exit status 1. Default: ${default}"`
}

// Help says what the exit statuses of the check mean.
func (*Check) Help() string {
	return `What "curl -sD - URL" writes can be piped into "coatcheck check --lines - --url URL". ` +
		`Exit status 0: cookies were judged, and nothing was found. 1: findings. 2: the command line, or a file that ` +
		`it names, makes no sense. 3: there was no cookie to judge. 4: a page could not be fetched.`
}

// Audit has the flags of the audit.
type Audit struct {
	Pages          []string      `arg:"" name:"url" help:"Pages to open, in this order; those after the first need not be linked."`
	Links          int           `default:"10" placeholder:"N" help:"Pages of the same site to open beside these, found by links. Links that sign out or delete are not followed. Default: ${default}"`
	Inventory      string        `placeholder:"FILE" help:"Inventory to compare with, in its JSON form: a file or a URL. Without one nothing is drift."`
	BannerAccept   string        `placeholder:"SELECTOR" help:"Button that agrees to everything, as a CSS selector. Default: that of Coatcheck's own banner"`
	BannerReject   string        `placeholder:"SELECTOR" help:"Button that refuses everything. Default: that of Coatcheck's own banner"`
	BannerSettings string        `placeholder:"SELECTOR" help:"What shows the banner's buttons again, to withdraw. Default: that of Coatcheck's own banner"`
	Script         []string      `sep:"none" placeholder:"FILE" help:"Steps to do as a visitor of its own, such as signing in. Repeatable."`
	Cookies        string        `placeholder:"FILE" help:"File of cookies to visit the site with, such as those of somebody who is signed in."`
	Chromium       string        `placeholder:"PATH" help:"Chromium to use. Default: the one on the path"`
	ChromiumFlag   []string      `sep:"none" placeholder:"FLAG" help:"Another flag for Chromium, such as --proxy-server=localhost:3128. Repeatable."`
	Settle         time.Duration `default:"500ms" placeholder:"TIME" help:"How long to wait on each page beside its own activity, for scripts that wait. Default: ${default}"`
	Format         string        `default:"text" enum:"text,json,sarif,html" placeholder:"text|json|sarif|html" help:"Format of the report. Default: ${default}"`
	Report         string        `placeholder:"FILE" help:"Also write the report with screenshots to this file, as one HTML page."`
	FailOn         string        `default:"warning" enum:"error,warning,note,never" placeholder:"error|warning|note|never" help:"Lowest severity of a finding about a cookie that makes the exit status 1, as drift does. Default: ${default}"`
	Quiet          bool          `short:"q" help:"Print no progress on standard error."`
}

// Help is the text below that of the command.
func (*Audit) Help() string {
	return `Each visitor starts with an empty browser. ` +
		`The first one opens the pages before any choice about consent, and again after a refusal; ` +
		`the second one agrees, and withdraws in the end. ` +
		`Those of --cookies and of each --script are visitors of their own. ` +
		`Values are never written, only names and sizes.

A script has a step a line:

	open /login
	fill input[name=user] with ada
	fill input[name=password] with env:SHOP_PASSWORD
	click button[type=submit]
	walk
	click #sign-out

"walk" opens the pages and follows links; without it, that is the last step. "wait SELECTOR" waits until it is there.

The exit status is 0 if nothing differs from the inventory, 1 if something does or a cookie has a fault, ` +
		`2 for a command that makes no sense, 3 if there was nothing to judge, and 4 if the site cannot be reached.`
}

const description = `Coatcheck keeps state for visitors of web sites: ` +
	`give the browser a ticket, keep the coat behind the counter.

Every flag can be set in the environment, too: --console-listen is COATCHECK_CONSOLE_LISTEN.`

// ErrAnswered says that the command line asked for help, and got it.
var ErrAnswered = errors.New("config: help was asked for and given")

// ErrNoFolder says that nothing is wrong but that there is no place for data by default. Whoever only checks does not
// need one.
var ErrNoFolder = errors.New("--data is needed")

// Parse reads the arguments of the program, without its name. Help goes to out. An error other than ErrAnswered is for
// the user, in one line; with ErrNoFolder the line is there all the same.
func Parse(args []string, out io.Writer) (line Line, err error) {
	type exit struct{}
	defer func() {
		// Kong has no other way to stop once help is printed.
		if v := recover(); v != nil {
			if _, ok := v.(exit); !ok {
				panic(v)
			}
			err = ErrAnswered
		}
	}()
	data, dataErr := DataFolder()
	parser, err := kong.New(&line,
		kong.Name("coatcheck"), kong.Description(description), kong.DefaultEnvars("COATCHECK"),
		kong.Vars{
			"data": data, "schemes": backend.Schemes(),
			"readable": formats(format.Format.Readable), "writable": formats(format.Format.Writable),
			"readers": readers(),
		},
		kong.Writers(out, out), kong.Exit(func(int) { panic(exit{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.ValueFormatter(helpText),
	)
	if err != nil {
		return Line{}, fmt.Errorf("config: build the command line: %w", err)
	}
	ctx, err := parser.Parse(spelled(args))
	if err != nil {
		return Line{}, fmt.Errorf("%w (see coatcheck --help)", err)
	}
	line.Command = Command(strings.TrimSuffix(ctx.Command(), " <url>")) // with pages or without, it is the same check
	if line.Command == RunServe {
		if err := line.Serve.load(ctx); err != nil {
			return Line{}, err
		}
	}
	if line.Command == RunDemo && line.Demo.Data == "" || line.Command == RunServe && line.Serve.Data == "" {
		return line, fmt.Errorf("%w: %w", ErrNoFolder, dataErr)
	}
	return line, nil
}

// spelled returns arguments as they are here for those that other programs have: --version, and help for --help.
func spelled(args []string) []string {
	switch {
	case len(args) == 1 && args[0] == "--version":
		return []string{string(PrintVersion)}
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// formats are the names of the cookie formats that keep returns true for.
func formats(keep func(format.Format) bool) string {
	var names []string
	for _, f := range format.All() {
		if keep(f) {
			names = append(names, f.String())
		}
	}
	return strings.Join(names, ",")
}

// readers are the programs that a cookies.txt can be written for.
func readers() string {
	var names []string
	for _, r := range format.Readers() {
		names = append(names, string(r))
	}
	return strings.Join(names, ",")
}

// helpText is the help of a flag as it was written. Kong would add the name of its variable, which the description
// explains for all.
func helpText(v *kong.Value) string { return v.Help }
