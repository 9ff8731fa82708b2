package archtest

// A Room is a package and what it may import beside the standard library.
type Room struct {
	Floor int    // 1 for contracts and leaves; 0 stands outside of the house
	Path  string // below the module path of the library; a final /... means all packages below as well
	Holds string
	May   []string // packages of the library by such paths, those of others by a prefix of theirs, ours, or everything
	Why   string   // for what it may import, or why it imports nothing
}

const (
	Ours       = "ours"       // all of the library, and of the room's own module
	Everything = "everything" // what we wrote and what anybody wrote
)

// Rooms are all packages of the repository. Arrows go down: from the program to the guards around a session, from these
// to the session, from there to contracts and leaves. Every room exists, and every arrow is used.
//
// Tests may use more, because they are not built into anybody's program: all that is ours, and in the library
// what it requires anyway, in other modules whatever it takes.
var Rooms = []Room{
	{1, "cookie", "cookies on the wire",
		nil, "the wire format stands alone, so that everything else can stand on it"},
	{1, "internal/atomicfile", "files that are there whole or not at all",
		nil, "any file will do"},
	{1, "seal", "keys: sign, encrypt, rotate",
		[]string{"internal/atomicfile"}, "keys lie in a file; ciphers are the standard library's"},
	{1, "internal/coalesce", "calls that callers with the same question share",
		nil, "any question and any answer will do"},
	{1, "store", "the contract of a store",
		nil, "a contract that third parties implement costs them nothing"},
	{1, "internal/visible", "text that strangers choose, with nothing unseen in it",
		nil, "any text will do"},
	{1, "event", "what happened: kinds, observers, the log; the client's address behind proxies",
		[]string{"internal/visible", "store"},
		"an event names its session by the handle of the store's contract, and the log shows what is unseen in names"},
	{1, "store/storetest", "the contract as a suite of tests",
		[]string{"store"}, "whoever tests a store needs the contract and no implementation"},
	{1, "store/memory", "a store that forgets when the process ends",
		[]string{"store"}, "a store knows the contract, not who uses it"},
	{1, "store/sql", "SQLite, PostgreSQL, MySQL and MariaDB",
		[]string{"store"}, "the caller hands in *sql.DB, so there is no driver in a user's build"},
	{1, "store/redis", "Redis and Valkey",
		[]string{"store"}, "the caller hands in a function, so any client fits"},
	{1, "store/near", "a cache in front of any store",
		[]string{"internal/coalesce", "store", "github.com/maypok86/otter/v2"},
		"stands in front of any store, and shares loads as sessions do; the cache itself is otter's"},
	{1, "store/redis/rueidisstore", "rueidis as a client of store/redis",
		[]string{"store/redis", "github.com/redis/rueidis"}, "a module of its own: only its users get this client"},
	{1, "store/redis/goredisstore", "go-redis as a client of store/redis",
		[]string{"store/redis", "github.com/redis/go-redis/v9"}, "a module of its own: only its users get this client"},
	{1, "store/sql/pgxlisten", "LISTEN with pgx, for store/sql",
		[]string{"github.com/jackc/pgx/v5"}, "listens for store/sql, which needs no more of it than a function"},
	{1, "internal/sarif", "findings as code hosts and editors read them",
		nil, "any findings will do"},
	{1, "internal/secureheader", "the headers by which browsers protect a page",
		nil, "header names and values, written once"},
	{1, "internal/cachecontrol", "who may keep a response",
		nil, "header names and values, read and written"},
	{1, "internal/weburl", "URLs as browsers take them",
		nil, "any URL will do"},
	{1, "internal/sitedata", "Clear-Site-Data, which deletes cookies",
		nil, "one header, read and written"},
	{1, "internal/defaultstatus", "a status other than 200 where a handler writes none",
		nil, "any handler will do"},
	{1, "csrf", "cross-site request forgery",
		[]string{"event", "internal/cachecontrol", "internal/defaultstatus"},
		"a refused request is an event, and its answer 403; nobody else may keep a page with a token"},

	{1, "session/internal/client", "the one client that sessions have of their store",
		[]string{"event", "internal/coalesce", "seal", "store"},
		"calls the store, shares calls, seals what it gives it, and tells what failed"},
	{2, "session", "sessions: tickets, rotation, the middleware",
		[]string{"cookie", "event", "internal/cachecontrol", "internal/defaultstatus", "internal/sitedata",
			"session/internal/client", "seal", "store"},
		"a ticket on the wire and what deletes it there, word of what happens, a place for the record"},
	{2, "jar", "what a browser keeps and sends",
		[]string{"cookie", "golang.org/x/net/publicsuffix", "internal/sitedata"},
		"where cookies may be set depends on the list, and Clear-Site-Data removes them"},
	{2, "jar/format", "the cookie files of other programs, one format a file",
		[]string{"cookie", "internal/atomicfile", "internal/weburl", "jar"},
		"takes cookies out of a jar, puts them in, and saves them; archives have the URLs that browsers took"},

	{3, "bound", "device bound session credentials: a copied cookie is worthless",
		[]string{"cookie", "event", "session", "store", "github.com/go-jose/go-jose/v4", "github.com/dunglas/httpsfv"},
		"guards sessions by a cookie of its own; proofs are JOSE, and headers structured fields"},
	{3, "session/migrate", "sessions that another library has begun",
		[]string{"cookie", "session", "store"}, "reads another library's cookie and store, then begins a session"},
	{3, "session/sessiontest", "tests of handlers, signed in as anybody",
		[]string{"jar", "session", "store/memory"}, "plays a browser before the real sessions, in memory"},
	{3, "devices", "the page on which users see and end their sessions",
		[]string{"csrf", "internal/secureheader", "internal/visible", "session", "store"},
		"a user's own sessions, in forms of this site"},
	{3, "token", "short signed tokens of a session, for other services",
		[]string{"seal", "session", "store", "github.com/go-jose/go-jose/v4"},
		"says who is behind a session and hears of its end; the keys follow from the ring's, JOSE is go-jose's"},
	{3, "state", "the inventory of what lives where",
		[]string{"session", "cookie", "event", "seal"},
		"the inventory names what lives in either place, signed or not; answers and what it does not have are events"},
	{3, "state/statetest", "tests that hold an inventory true",
		[]string{"state"}, "compares what an inventory says with a document, and with the code"},
	{3, "state/preference", "what visitors like: typed, in one small cookie",
		[]string{"session", "state", "golang.org/x/text/language"},
		"declares a cookie and asks the session for its user; languages are matched as the Go team keeps it"},
	{3, "state/banner", "asks visitors what may be kept",
		[]string{"csrf", "internal/secureheader", "session", "state"},
		"forms of this site about a consent, which lead back to the page that asked"},
	{3, "lint", "what browsers will make of a site's cookies",
		[]string{"cookie", "internal/sarif", "internal/weburl", "jar", "jar/format"},
		"says what a browser makes of cookies, so it asks what stands for one, and follows redirects as one; HTTP " +
			"archives are a format"},

	{4, "cmd/coatcheck/...", "the program: gate, API, console, demo shop", []string{Ours,
		"store/redis/rueidisstore",
		"store/sql/pgxlisten",
		"modernc.org/sqlite",
		"github.com/jackc/pgx/v5",
		"github.com/go-sql-driver/mysql",
		"github.com/redis/rueidis",
		"github.com/alecthomas/kong",
		"github.com/pierrec/lz4/v4",
		"github.com/chromedp/chromedp",
		"github.com/chromedp/cdproto",
		"github.com/prometheus/client_golang",
		"go.yaml.in/yaml/v3",
		"github.com/invopop/jsonschema",
		"github.com/caddyserver/certmagic",
		"go.uber.org/zap",
		"github.com/pires/go-proxyproto",
		"golang.org/x/net/html",
		"golang.org/x/net/http/httpguts",
	}, "brings drivers, the command line and its file, metrics, certificates, the PROXY protocol, the links of pages " +
		"and the way to a browser, and nothing else from outside"},

	{0, "internal/archtest", "the rules of the tree itself",
		nil, "reads the source as text"},
	{0, "internal/archtest/size", "counts the lines of the product",
		nil, "reads the source as text"},
	{0, "internal/checklist", "the rules of security, and which tests prove them",
		nil, "reads from the source which tests prove which rows"},
	{0, "internal/checklist/row", "runs the tests of one such rule",
		[]string{"internal/checklist"}, "asks which tests those are"},
	{0, "test/...", "real browsers, databases, proxies, faults",
		[]string{Everything}, "proves the whole with whatever it takes; nobody imports it"},
	{0, "bench/...", "side by side with what people use today",
		[]string{Everything}, "compares with others, so it imports them; nobody imports it"},
}
