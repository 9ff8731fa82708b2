package archtest

// A Room is a package and what it may import beside the standard library.
type Room struct {
	Path string   // below the module path of the library; a final /... means all packages below as well
	May  []string // packages of the library by such paths, those of others by a prefix of theirs, ours, or everything
	Why  string
}

const (
	ours       = "ours"       // all of the library, and of the room's own module
	everything = "everything" // what we wrote and what anybody wrote
)

// Rooms are all packages that the repository may have. Arrows go down: from the program to the guards around a
// session, from these to the session, from there to contracts and leaves.
//
// Tests may use more, because they are not built into anybody's program: all that is ours, and in the library
// what it requires anyway, in other modules whatever it takes.
var Rooms = []Room{
	// Leaves and contracts.
	{"cookie", nil, "the wire format stands alone, so that everything else can stand on it"},
	{"seal", nil, "keys and ciphers are the standard library's"},
	{"store", nil, "a contract that third parties implement costs them nothing"},
	{"event", []string{"store"}, "an event names its session by the handle of the store's contract"},
	{"store/storetest", []string{"store"}, "whoever tests a store needs the contract and no implementation"},
	{"store/memory", []string{"store"}, "a store knows the contract, not who uses it"},
	{"store/sql", []string{"store"}, "the caller hands in *sql.DB, so there is no driver in a user's build"},
	{"store/redis", []string{"store"}, "the caller hands in a function, so any client fits"},
	{"store/near", []string{"store", "github.com/maypok86/otter/v2"}, "a cache in front of any store; the cache itself is otter's"},

	// Clients of databases: a small module each, because nobody should get a client that they do not use.
	{"store/redis/rueidisstore", []string{"store/redis", "github.com/redis/rueidis"}, "makes rueidis fit store/redis"},
	{"store/redis/goredisstore", []string{"store/redis", "github.com/redis/go-redis/v9"}, "makes go-redis fit store/redis"},
	{"store/sql/pgxlisten", []string{"github.com/jackc/pgx/v5"}, "listens for store/sql, which needs no more of it than a function"},

	// The heart, and what a browser does.
	{"session", []string{"cookie", "event", "seal", "store"}, "a ticket on the wire, a word of what happens, a key to derive its successor, a place to keep the record"},
	{"jar", []string{"cookie", "golang.org/x/net/publicsuffix"}, "where cookies may be set depends on the list of public suffixes"},

	// Guards and tools around a session.
	{"session/migrate", []string{"cookie", "session", "store"}, "continues what another library has begun: its cookie, its store, then a session"},
	{"csrf", []string{"event"}, "a refused request is an event"},
	{"devices", []string{"csrf", "session", "store"}, "a user's own sessions on a page by their handles, whose forms only the site itself may send"},
	{"bound", []string{"session", "cookie", "github.com/go-jose/go-jose/v4"}, "device bound sessions prove a key with a JWT"},
	{"token", []string{"session", "seal", "github.com/go-jose/go-jose/v4"}, "tokens for other services are JWTs, sealed by the key ring"},
	{"state", []string{"session", "cookie", "seal"}, "the inventory names what lives in either place, signed or not"},
	{"lint", []string{"cookie", "jar"}, "says what a browser makes of cookies, so it asks what stands for one"},

	// Around the library.
	{"internal/archtest", nil, "reads the source as text"},
	{"internal/checklist", nil, "reads from the source which tests prove which rows"},
	{"internal/checklist/row", []string{"internal/checklist"}, "runs the tests of a row"},
	{"cmd/coatcheck/...", []string{ours, "store/redis/rueidisstore", "store/sql/pgxlisten",
		"modernc.org/sqlite",
		"github.com/jackc/pgx/v5",
		"github.com/go-sql-driver/mysql",
		"github.com/redis/rueidis",
		"github.com/alecthomas/kong",
		"github.com/prometheus/client_golang",
		"github.com/mileusna/useragent",
	}, "the program brings the drivers, the command line, the metrics and the names of browsers, and nothing else from outside"},
	{"test/...", []string{everything}, "proves the whole with whatever it takes; nobody imports it"},
	{"bench/...", []string{everything}, "compares with others, so it imports them; nobody imports it"},
}
