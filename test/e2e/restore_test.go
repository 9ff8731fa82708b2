package e2e_test

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// run runs a command of the program, and returns its exit code and what it printed.
func run(t testing.TB, args ...string) (int, string) {
	t.Helper()
	p := proc.Start(t, proc.Spec{Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: args})
	code := p.Wait()
	return code, p.Output()
}

// again starts the program that has ended, with more flags.
func (h *program) again(flags ...string) *program {
	h.t.Helper()
	s := h.Spec
	s.Args = append(append([]string(nil), s.Args...), flags...)
	return openSpec(h.t, s)
}

// A backup brings back every session that was ended since it was made. None of them is let in, unless somebody says so.
func TestRestoredFile(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	v, ada := signedIn(t, h)
	gone := v.as()
	h.Term()
	backup, err := os.ReadFile(h.database())
	if err != nil {
		t.Fatal(err)
	}

	h = h.reopen()
	v.base, gone.base = h.site, h.site
	v.post("/logout")
	h.Kill() // at the moment of the answer
	for _, name := range []string{"", "-wal", "-shm"} {
		os.Remove(h.database() + name)
	}
	if err := os.WriteFile(h.database(), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	code, text := run(t, "doctor", "--data", h.data)
	if code != 1 || !strings.Contains(text, "✗ the store was restored from a backup") {
		t.Errorf("the doctor ends with %d and says\n%s", code, text)
	}

	accepting := h.again("--accept-restored-store")
	gone.at(accepting).is(ada)
	accepting.Kill()
	for _, name := range []string{"", "-wal", "-shm"} {
		os.Remove(h.database() + name)
	}
	if err := os.WriteFile(h.database(), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	h = h.reopen()
	gone.at(h).is(nobody)
	h.Await(says("restored from a backup"))
	v = newVisitor(t, h.site)
	v.signIn("ada")
	h.Term()
	if code, text := run(t, "doctor", "--data", h.data); code != 0 {
		t.Errorf("in the end the doctor ends with %d and says\n%s", code, text)
	}
	h = h.reopen()
	v.at(h).is(me{"ada", []string{}, "light"})
	gone.at(h).is(nobody)
}

func TestRestoredDump(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, "fsync=on")
	name := server.Create(t)
	db := server.Open(t, name)
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	dump := filepath.Join(t.TempDir(), "dump.sql")
	pg := func(program string, args ...string) {
		t.Helper()
		path := filepath.Join(filepath.Dir(tool.Find(t, append([]string{"pg_dump"}, debian...)...)), program)
		p := proc.Start(t, proc.Spec{Path: path, Args: append(args, "--dbname", server.DSN(name))})
		if code := p.Wait(); code != 0 {
			t.Fatalf("%s ended with %d:\n%s", program, code, p.Output())
		}
	}
	h := open(t, "demo", "--store", server.DSN(name))
	v, _ := signedIn(t, h)
	gone := v.as()
	pg("pg_dump", "--file", dump)
	restore := func() {
		t.Helper()
		if _, err := db.Exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
			t.Fatal(err)
		}
		pg("psql", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file", dump)
	}
	v.post("/logout")
	gone.is(nobody)

	// Below a program that runs on: its feed is lost for a moment, and it looks again. In one transaction, because the
	// program writes its history as soon as it sees the table, and the keys come last.
	restore()
	h.Await(says("restored from a backup"))
	gone.soon(nobody)

	h.Term()
	restore()
	h = h.reopen()
	gone.at(h).is(nobody)
	h.Await(says("restored from a backup"))
}

var sums = regexp.MustCompile(`Checksum +(\w{32}) in FROM, (\w{32}) in TO`)

// Sessions move from a file to a server while they are in use, and then from engine to engine, and are the same in the
// end.
func TestMoveAndCopy(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	var visitors []*visitor
	for range 20 {
		v := newVisitor(t, h.site)
		v.signIn("ada")
		v.post("/cart", "item", "tea")
		visitors = append(visitors, v)
	}
	ada := me{"ada", []string{"tea"}, "light"}
	file := "sqlite:" + h.database()
	old := h.database()
	address, _ := engines["postgres"](t)

	h.Term()
	h = h.again("--store", address, "--move-from", file)
	for i, v := range visitors {
		if v.base = h.site; i%3 == 0 {
			v.is(ada)
		}
	}
	ended := visitors[7].as()
	visitors[7].post("/logout")
	code, text := run(t, "store", "copy", "--move", file, address)
	found := sums.FindStringSubmatch(text)
	if code != 0 || found == nil || found[1] != found[2] {
		t.Fatalf("the move ends with %d and says\n%s", code, text)
	}
	h.Term()
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	s := h.Spec
	s.Args = s.Args[:len(s.Args)-2] // without --move-from
	h = openSpec(t, s)
	for i, v := range visitors {
		if v.base = h.site; i != 7 {
			v.is(ada)
		}
	}
	ended.at(h).is(nobody)
	if n := len(h.sessions("ada")); n != 19 {
		t.Errorf("%d sessions, want 19", n)
	}
	h.Term()

	maria, _ := engines["mariadb"](t)
	redis, _ := engines["redis"](t)
	sum := ""
	second, _ := engines["postgres"](t)
	dir := "sqlite:" + t.TempDir()
	stops := []string{address, maria, redis, dir + "/copy.db", second, dir + "/again.db", dir + "/last.db"}
	for i := range stops[1:] {
		for range 2 { // the second time all is there already
			code, text := run(t, "store", "copy", stops[i], stops[i+1])
			found := sums.FindStringSubmatch(text)
			if code != 0 || found == nil || found[1] != found[2] || sum != "" && found[1] != sum ||
				!strings.Contains(text, "Copied    19 sessions") {
				t.Fatalf("a copy ends with %d and says\n%s", code, text)
			}
			sum = found[1]
		}
	}
	h = h.again("--store", stops[len(stops)-1])
	visitors[0].at(h).is(ada)
	ended.at(h).is(nobody)
}

// A store that breaks promises is refused by name, at the start and by the doctor, and a password is told to nobody.
func TestDangerousStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		engine string
		start  func(*testing.T) (address string, db *sql.DB)
		name   string
		what   string
	}{
		{"PostgreSQL", func(t *testing.T) (string, *sql.DB) {
			server := postgres.Start(t) // fsync=off
			database := server.Create(t)
			return strings.Replace(server.DSN(database), "postgres@", "postgres:geheim@", 1), server.Open(t, database)
		}, "fsync", "fsync is off"},
		{"MariaDB", func(t *testing.T) (string, *sql.DB) {
			server := mariadb.Start(t, "innodb-flush-log-at-trx-commit=2")
			database := server.Create(t)
			db := server.Open(t, database)
			if _, err := db.Exec(`GRANT ALL ON ` + database + `.* TO app IDENTIFIED BY 'geheim'`); err != nil {
				t.Fatal(err)
			}
			return "mysql://app:geheim@" + server.Addr + "/" + database, db
		}, "innodb_flush_log_at_trx_commit", "innodb_flush_log_at_trx_commit is 2"},
	} {
		t.Run(c.engine, func(t *testing.T) {
			t.Parallel()
			address, db := c.start(t)
			data := t.TempDir()
			for _, store := range [][]string{{"--store", address}, {"--move-from", address}, {"--move-to", address}} {
				code, text := run(t,
					append([]string{"demo", "--data", data, "--listen=127.0.0.1:0", "--console-listen=127.0.0.1:0"},
						store...)...)
				if code != 1 || strings.Contains(strings.TrimSpace(text), "\n") ||
					!strings.Contains(text, "--accept-danger="+c.name) || strings.Contains(text, "geheim") {
					t.Errorf("%s: the start ends with %d and says\n%s", store[0], code, text)
				}
				wantUntouched(t, db, data)
			}
			for _, format := range []string{"text", "json"} {
				code, text := run(t, "doctor", "--store", address, "--format", format)
				if code != 1 || !strings.Contains(text, c.what) || strings.Contains(text, "geheim") {
					t.Errorf("the doctor ends with %d and says\n%s", code, text)
				}
			}
			wantUntouched(t, db, data)
			h := open(t, "demo", "--store", address, "--accept-danger="+c.name)
			newVisitor(t, h.site).signIn("ada")
			if out := h.Output(); strings.Contains(out, "geheim") || !strings.Contains(out, c.what) {
				t.Errorf("printed\n%s", out)
			}
		})
	}
}

// wantUntouched checks that a refused start has made no table in the database, nor in the file of the data folder.
func wantUntouched(t *testing.T, db *sql.DB, data string) {
	t.Helper()
	var tables int
	const count = `SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'coatcheck%'`
	if err := db.QueryRow(count).Scan(&tables); err != nil || tables > 0 {
		t.Errorf("the database has %d tables, %v; want none", tables, err)
	}
	files, err := filepath.Glob(filepath.Join(data, "*.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Size() > 0 {
			t.Errorf("%s was written to: %v, %v", name, info, err)
		}
	}
}

// The server stops: what has to be written is refused, and what was known is known for a moment; nobody is signed out.
func TestServerStops(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, "fsync=on")
	h := open(t, "demo", "--store", server.DSN(server.Create(t)))
	v, ada := signedIn(t, h)
	server.Kill()
	wantNoChange(t, v)
	v.await("unavailable", hasStatus(http.StatusServiceUnavailable), http.MethodGet, "/api/me")
	wantUnavailable(t, "GET /api/me", v.get("/api/me"))
	wantUnavailable(t, "ready", newVisitor(t, h.console).get("/readyz"))
	if a := newVisitor(t, h.console).get("/healthz"); a.status != http.StatusOK {
		t.Errorf("the process lives, and /healthz says %d", a.status)
	}
	server.Restart()
	v.soon(ada)
	newVisitor(t, h.console).await("ready", hasStatus(http.StatusOK), http.MethodGet, "/readyz")
}
