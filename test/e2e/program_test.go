package e2e_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
	_ "modernc.org/sqlite" // to look into the program's database
)

// A program is the one that we ship, while it runs.
type program struct {
	*proc.Process
	t       testing.TB
	data    string // the folder
	site    string // http://localhost:PORT, where browsers keep Secure cookies
	console string // http://localhost:PORT
	link    string // signs the operator in, once
	token   string
}

// open starts the program with a new data folder and waits until it serves. The arguments are a command and its flags.
func open(t testing.TB, args ...string) *program {
	t.Helper()
	return openSpec(t, spec(t, t.TempDir(), args...))
}

// openGate starts the program in front of an app.
func openGate(t testing.TB, app string) *program {
	t.Helper()
	return open(t, "serve", "--upstream", app)
}

func spec(t testing.TB, data string, args ...string) proc.Spec {
	t.Helper()
	return proc.Spec{
		Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"),
		Args: append(args, "--data", data, "--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0"),
	}
}

var (
	siteLine    = regexp.MustCompile(`^  (?:Shop|App) +(http://localhost:\d+)$`)
	consoleLine = regexp.MustCompile(`^  Console +((http://localhost:\d+)/\S+)`)
	dataLine    = regexp.MustCompile(`^  Data +(\S+)$`)
	tokenLine   = regexp.MustCompile(`^  Token +(\S+)`)
	lockedLine  = regexp.MustCompile(`^locked$`)
)

func openSpec(t testing.TB, s proc.Spec) *program {
	t.Helper()
	h := &program{Process: proc.Start(t, s), t: t}
	h.site = h.Await(siteLine)[1]
	console := h.Await(consoleLine)
	h.link, h.console = console[1], console[2]
	h.data = h.Await(dataLine)[1]
	token, err := os.ReadFile(h.visible(h.Await(tokenLine)[1]))
	if err != nil {
		t.Fatal(err)
	}
	h.token = strings.TrimSpace(string(token))
	return h
}

// visible is a path of the program as this process reaches it, for a program with a file system of its own.
func (h *program) visible(path string) string {
	return filepath.Join("/proc", itoa(h.PID()), "root", path)
}

// reopen starts the program again, when it has ended, with the same data folder and on other ports.
func (h *program) reopen() *program {
	h.t.Helper()
	return openSpec(h.t, h.Spec)
}

// entry is a session as the API lists it.
type entry struct {
	Handle string
	User   string
	Device struct{ Address, UserAgent string }
}

// sessions lists the live sessions of a user, "" for all.
func (h *program) sessions(user string) []entry {
	h.t.Helper()
	path := "/v1/sessions?limit=1000"
	if user != "" {
		path += "&user=" + user
	}
	a := h.ask(http.MethodGet, path)
	var list struct{ Sessions []entry }
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.status != http.StatusOK {
		h.t.Fatalf("list sessions: %d %s", a.status, a.body)
	}
	return list.Sessions
}

// ask sends a request to the API with the token.
func (h *program) ask(method, path string) answer {
	h.t.Helper()
	operator := newVisitor(h.t, h.console)
	operator.header.Set("Authorization", "Bearer "+h.token)
	return operator.do(method, path)
}

// rows counts the records in the file, those included that the API would not list.
func (h *program) rows() int {
	h.t.Helper()
	var n int
	inDatabase(h.t, h.database(), func(db *sql.DB) error {
		return db.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&n)
	})
	return n
}

func (h *program) database() string { return filepath.Join(h.data, "coatcheck.db") }

// inDatabase opens the file beside the program.
func inDatabase(t testing.TB, file string, do func(*sql.DB) error) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := do(db); err != nil {
		t.Fatalf("look into %s: %v", file, err)
	}
}

// app starts one of the example shops, which has no SDK, and returns its URL.
func app(t testing.TB, language string) string {
	t.Helper()
	addr := proc.FreeAddrs(t, 1)[0]
	_, port, _ := strings.Cut(addr, ":")
	s := proc.Spec{Env: []string{"PORT=" + port}}
	switch language {
	case "python":
		s.Path, s.Args = tool.Find(t, "python3"), []string{"../../examples/python/app.py"}
	case "node":
		s.Path, s.Args = tool.Find(t, "node"), []string{"../../examples/node/app.mjs"}
	}
	proc.Start(t, s).AwaitListening(addr)
	return "http://" + addr
}

// shops are the three that answer alike: the one built on the library, and those behind the gate.
var shops = map[string]func(testing.TB) *program{
	"demo":   func(t testing.TB) *program { return open(t, "demo") },
	"python": func(t testing.TB) *program { return openGate(t, app(t, "python")) },
	"node":   func(t testing.TB) *program { return openGate(t, app(t, "node")) },
}
