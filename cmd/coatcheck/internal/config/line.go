package config

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"
)

// A Line is a command line that was understood. Command says which of its parts is meant.
type Line struct {
	Demo      Demo     `cmd:"" help:"Run a small shop, to see in a browser what Coatcheck does."`
	Serve     Serve    `cmd:"" help:"Stand in front of an app in any language, and keep its sessions."`
	Check     Check    `cmd:"" help:"Say what browsers make of a site's cookies, and what is wrong with them."`
	Inventory struct{} `cmd:"" help:"Print what the demo shop keeps for its visitors, and where it lives."`
	Doctor    Doctor   `cmd:"" help:"Say what the store promises, what it does not, and what to do about it."`
	Store     Stores   `cmd:"" help:"Work on whole stores."`
	Cookies   Cookies  `cmd:"" help:"Work on files of cookies."`
	Version   struct{} `cmd:"" help:"Print the version."`

	Command Command `kong:"-"`
}

// Command names what the program is to do.
type Command string

// The commands.
const (
	RunDemo        Command = "demo"
	RunServe       Command = "serve"
	RunCheck       Command = "check"
	PrintInventory Command = "inventory"
	RunDoctor      Command = "doctor"
	CopyStore      Command = "store copy <from> <to>"
	ConvertCookies Command = "cookies convert <from> <to>"
	PrintVersion   Command = "version"
)

// House has the flags that all commands that serve have in common.
type House struct {
	Listen        string `default:"localhost:8080" placeholder:"ADDRESS" help:"Where browsers find the site: host:port; port 0 is a free one. Default: ${default}"`
	ConsoleListen string `default:"localhost:8081" placeholder:"ADDRESS" help:"Where the console is found. Keep it on loopback, or behind something that speaks https. Default: ${default}"`
	Data          string `placeholder:"DIR" help:"The folder for sessions and the console's token. It is made if it is missing. Default: ${data}"`
	Keep          `embed:""`
	DrainTime     time.Duration `default:"0s" placeholder:"TIME" help:"How long to go on serving when told to stop, while /readyz says so: for a load balancer to notice. Default: ${default}"`
	TrustProxy    []Network     `placeholder:"CIDR" sep:"," help:"A proxy in front, such as 10.0.0.0/8 or 127.0.0.1, whose X-Forwarded headers are believed. May be given several times."`
	LogFormat     string        `default:"text" enum:"text,json" placeholder:"text|json" help:"How the log on standard error is written. Default: ${default}"`
	Verbose       bool          `short:"v" help:"Log what goes right, too: sign-ins, sign-outs, expiry."`
}

// Keep has the flags that say where sessions are kept, and how.
type Keep struct {
	Store               string        `placeholder:"STORE" help:"Where sessions are kept: sqlite:PATH, or a server that several nodes share: postgres://, mysql://, redis://, redis+sentinel://, redis+cluster:// (see coatcheck doctor --help). Default: an SQLite database in the data folder"`
	AcceptDanger        []string      `placeholder:"NAME" sep:"," help:"Start although the store is set up in a way that breaks a promise; the refusal says the name. May be given several times."`
	NoNear              bool          `help:"Ask the store for every request, instead of keeping sessions near in memory. An SQLite database is always asked."`
	NearBytes           int64         `default:"67108864" placeholder:"BYTES" help:"How much memory the sessions near may take. Default: ${default}"`
	Lease               time.Duration `default:"5s" placeholder:"TIME" help:"How long a session is believed while the store's feed is silent: the longest that one which was ended elsewhere can live on. Default: ${default}"`
	StoreTimeout        time.Duration `default:"2s" placeholder:"TIME" help:"How long one question to the store may take. Default: ${default}"`
	StoreCalls          int           `default:"256" placeholder:"N" help:"How many requests may wait for the store at once; what is over it is answered at once, as if the store did not. Default: ${default}"`
	MoveFrom            string        `placeholder:"STORE" help:"Take sessions over from this store as they are used, and whatever else \"coatcheck store copy --move\" finds there: see docs/operations.md."`
	MoveTo              string        `placeholder:"STORE" help:"Keep sessions where they are, but know those that other nodes have moved to this store already: the step before --move-from, where several nodes are restarted one by one."`
	AcceptRestoredStore bool          `help:"Let sessions in that were ended after the backup was made that the store has been restored from."`
}

// Demo has the flags of the demo.
type Demo struct {
	House `embed:""`
}

// Serve has the flags of the gate.
type Serve struct {
	Upstream        string        `required:"" placeholder:"URL" help:"Where the app listens, such as http://127.0.0.1:3000."`
	UpstreamTimeout time.Duration `default:"1m" placeholder:"TIME" help:"How long the app may take until its answer begins; 0 is any time. Default: ${default}"`
	TrustOrigin     []string      `placeholder:"ORIGIN" help:"Another origin that may send forms to the app, such as https://pay.example. May be given several times."`
	House           `embed:""`
}

// Doctor has the flags of the doctor.
type Doctor struct {
	Store  string `placeholder:"STORE" help:"The store to look at, as it was given to serve. Default: an SQLite database in the data folder"`
	Data   string `placeholder:"DIR" help:"The data folder of the program that uses it. Default: ${data}"`
	Format string `default:"text" enum:"text,json" placeholder:"text|json" help:"How the outcome is written. Default: ${default}"`
}

// Help is the text below that of the command.
func (*Doctor) Help() string {
	return `The exit status is 1 if something is dangerous. The doctor changes nothing, and may be run while the store is in use.

A STORE, here and elsewhere, is one of

  sqlite:/var/lib/coatcheck/sessions.db
  postgres://USER:PASSWORD@HOST:5432/DATABASE?pool=16&sslmode=verify-full
  mysql://USER:PASSWORD@HOST:3306/DATABASE?pool=16&tls=true
  redis://USER:PASSWORD@HOST:6379/0?wait=1&prefix=shop:
  redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/MASTER
  redis+cluster://USER:PASSWORD@HOST:6379,HOST:6379

With rediss in place of redis the connection is encrypted. Other users of a machine can see what stands in a command line: give a store with a password by the environment, as COATCHECK_STORE.`
}

// Stores has the commands that work on whole stores.
type Stores struct {
	Copy Copy `cmd:"" help:"Copy or move all sessions from one store to another, and prove it."`
}

// Copy has the arguments of a copy.
type Copy struct {
	From         string `arg:"" help:"The store to read."`
	To           string `arg:"" help:"The store to write."`
	Move         bool   `help:"Take the sessions over, so that FROM is empty in the end. For stores in use, by nodes that run with --store TO --move-from FROM."`
	DeleteExtras bool   `help:"Delete from TO what FROM has not. For a copy that is brought up to date before anybody uses it."`
}

// Help is the text below that of the command.
func (*Copy) Help() string {
	return `Without --move nobody may be using either store. It may be broken off and begun again at any time. The exit status is 1 if in the end the stores differ.

FROM and TO can be given by the environment: write "env:NAME" for what the variable NAME has.`
}

// Cookies has the commands that work on files of cookies.
type Cookies struct {
	Convert Convert `cmd:"" help:"Convert cookies from the file of one program to that of another."`
}

// Convert has the arguments of a conversion of cookies.
type Convert struct {
	From       string `arg:"" help:"The file to read; - is standard input."`
	To         string `arg:"" help:"The file to write; - is standard output. What it had is replaced."`
	FromFormat string `short:"f" placeholder:"FORMAT" enum:",native,netscape,playwright,cdp,har,chrome,firefox" default:"" help:"What FROM is: native, netscape, playwright, cdp, har, chrome or firefox. Default: by its name."`
	ToFormat   string `short:"t" placeholder:"FORMAT" enum:",native,netscape,playwright,cdp,har" default:"" help:"What TO is to be: native, netscape, playwright, cdp or har. Default: by its name."`
}

// Help is the text below that of the command.
func (*Convert) Help() string {
	return `What the format of TO cannot hold is listed on standard error. Cookies that have expired are left out.

Names that tell the format: *.txt (netscape, as curl has it), *.har, state.json, storageState.json and *.playwright.json (playwright), *.cdp.json, other *.json (native), Cookies (chrome) and *.sqlite (firefox). The databases of browsers are read and never written; close the browser before. Values that Chromium has encrypted cannot be read there: ask the browser while it runs, by Storage.getCookies of its DevTools protocol, whose answer is the format cdp.`
}

// Check has the flags of the check.
type Check struct {
	Pages  []string `arg:"" optional:"" name:"url" help:"Pages to fetch, in this order, as one visitor; redirects are followed."`
	HAR    string   `name:"har" placeholder:"FILE" help:"Check what an HTTP archive has recorded."`
	Lines  string   `placeholder:"FILE" help:"Check Set-Cookie lines; - is standard input. A line with a URL says where those below come from; URL in URL, that a page embeds it."`
	URL    string   `name:"url" placeholder:"URL" help:"Where the lines come from that no URL stands above."`
	Format string   `default:"text" enum:"text,json,sarif" placeholder:"text|json|sarif" help:"How the outcome is written. Default: ${default}"`
	FailOn string   `default:"warning" enum:"error,warning,note,never" placeholder:"error|warning|note|never" help:"The least finding that makes the exit status 1. Default: ${default}"`
}

const description = `Coatcheck keeps state for visitors of web sites: give the browser a ticket, keep the coat behind the counter.

Every flag can be given by the environment, too: --console-listen is COATCHECK_CONSOLE_LISTEN.`

// ErrAnswered says that the command line asked for help, and got it.
var ErrAnswered = errors.New("config: help was asked for and given")

// Parse reads the arguments of the program, without its name. Help goes to out. An error but ErrAnswered is for the
// user, in one line.
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
		kong.Name("coatcheck"), kong.Description(description),
		kong.DefaultEnvars("COATCHECK"), kong.Vars{"data": data},
		kong.Writers(out, out), kong.Exit(func(int) { panic(exit{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.ValueFormatter(helpText),
	)
	if err != nil {
		return Line{}, fmt.Errorf("config: build the command line: %w", err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return Line{}, fmt.Errorf("%w (see coatcheck --help)", err)
	}
	line.Command = Command(ctx.Command())
	if line.Command == RunCheck+" <url>" { // with pages or without, it is the same command
		line.Command = RunCheck
	}
	for _, house := range []*House{&line.Demo.House, &line.Serve.House} {
		if house.Data == "" {
			house.Data = data
		}
	}
	if line.Doctor.Data == "" {
		line.Doctor.Data = data
	}
	if line.serves() && line.House().Data == "" {
		return Line{}, fmt.Errorf("--data is needed: %w", dataErr)
	}
	return line, nil
}

// helpText is the help of a flag as it was written: which variables there are follows from the flags' names.
func helpText(v *kong.Value) string { return v.Help }

func (l *Line) serves() bool { return l.Command == RunDemo || l.Command == RunServe }

// House returns the flags in common of the command that is meant.
func (l *Line) House() *House {
	if l.Command == RunServe {
		return &l.Serve.House
	}
	return &l.Demo.House
}
