package cookies_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pierrec/lz4/v4"

	"coatcheck.dev/cmd/coatcheck/internal/cookies"
	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// kept is a jar with a cookie that every format can hold, and one with all that only some can.
func kept(t *testing.T) *jar.Jar {
	t.Helper()
	j := jar.New(jar.Options{})
	expires := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	err := j.Add(
		jar.Cookie{Name: "plain", Value: "1", Domain: "example.com", HostOnly: true, Path: "/", Expires: expires,
			HttpOnly: true},
		jar.Cookie{Name: "rich", Value: "2", Domain: "example.com", Path: "/a", Secure: true,
			SameSite: cookie.SameSiteStrict,
			Priority: cookie.PriorityHigh})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func convert(t *testing.T, c cookies.Conversion) (report cookies.Report, said string) {
	t.Helper()
	var b bytes.Buffer
	c.Losses = &b
	report, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Print(&b); err != nil {
		t.Fatal(err)
	}
	return report, b.String()
}

// From each format to each other, found by the names of the files: the cookies arrive, and who reads them finds the
// same.
func TestEveryFormatToEveryOther(t *testing.T) {
	names := map[string]string{"native": "jar.json", "netscape": "cookies.txt", "playwright": "storageState.json",
		"cdp": "x.cdp.json", "har": "x.HAR", "playwright-cookies": "x.playwright-cookies.json",
		"puppeteer": "x.puppeteer.json", "extension": "x.extension.json",
		"safari": "x.binarycookies", "selenium": "x.selenium.json", "httpie": "x.httpie.json",
		"tough-cookie": "x.tough-cookie.json"}
	writable := slices.DeleteFunc(format.All(), func(f format.Format) bool { return !f.Writable() })
	if len(names) != len(writable) {
		t.Fatalf("%d formats are tested, %d are known", len(names), len(writable))
	}
	for _, from := range writable {
		for _, to := range writable {
			t.Run(from.String()+" to "+to.String(), func(t *testing.T) {
				source := filepath.Join(t.TempDir(), names[from.String()])
				target := filepath.Join(t.TempDir(), names[to.String()])
				var file bytes.Buffer
				if _, err := from.Export(kept(t), &file); err != nil {
					t.Fatal(err)
				}
				write(t, source, file.String())
				report, said := convert(t, cookies.Conversion{From: source, To: target})
				if report.Cookies != 2 || !strings.Contains(said, "cookies: 2 (read: 2, ") {
					t.Errorf("%d cookies, said %q", report.Cookies, said)
				}
				in, err := os.Open(target)
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				j := jar.New(jar.Options{})
				if _, err := to.Import(j, in); err != nil {
					t.Fatal(err)
				}
				want := map[string]string{"plain": "1example.com/true", "rich": "2example.com/afalse"}
				for _, c := range j.All() {
					if got := c.Value + c.Domain + c.Path + fmt.Sprint(c.HostOnly); got != want[c.Name] {
						t.Errorf("%s is %s, want %s", c.Name, got, want[c.Name])
					}
					delete(want, c.Name)
				}
				if len(want) > 0 {
					t.Errorf("did not arrive: %v", want)
				}
				if info, err := in.Stat(); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("file mode %v, %v, want the owner's alone", info.Mode(), err)
				}
			})
		}
	}
}

func TestLossReport(t *testing.T) {
	var file, out bytes.Buffer
	if _, err := format.Native.Export(kept(t), &file); err != nil {
		t.Fatal(err)
	}
	_, said := convert(t, cookies.Conversion{From: "-", To: "-", FromFormat: "native", ToFormat: "netscape",
		Stdin: &file, Stdout: &out})
	want := "changed: \"rich\" of example.com: SameSite=Strict is lost\n" +
		"changed: \"rich\" of example.com: Priority=High is lost\n" +
		"cookies: 2 (read: 2, changed: 1, left out: 0, expired: 0), losses: 2\n"
	if said != want {
		t.Errorf("said %q, want %q", said, want)
	}
	if !strings.Contains(out.String(), "#HttpOnly_example.com\tFALSE\t/\tFALSE\t") {
		t.Errorf("wrote %q", &out)
	}
}

// What a server has chosen does not steer the terminal.
func TestReportIsPrintable(t *testing.T) {
	in := strings.NewReader("ex\x1bample.com\tFALSE\t/\tFALSE\t0\ta\u202e\t1\nexample.com\tFALSE\t/\tFALSE\t0\tb\t1\n")
	_, said := convert(t, cookies.Conversion{From: "-", To: "-", ToFormat: "cdp", Stdin: in, Stdout: io.Discard})
	if !strings.Contains(said, "left out: line 1") || strings.ContainsAny(said, "\x1b\r\u202e") {
		t.Errorf("said %q", said)
	}
}

const firefoxSchema = `PRAGMA user_version = 17;
CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', name TEXT, value TEXT, host TEXT, path TEXT,
	expiry INTEGER, lastAccessed INTEGER, creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER, inBrowserElement INTEGER DEFAULT 0,
	sameSite INTEGER DEFAULT 0, schemeMap INTEGER DEFAULT 0, isPartitionedAttributeSet INTEGER DEFAULT 0, updateTime INTEGER);`

const chromeSchema = `CREATE TABLE meta (key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
INSERT INTO meta VALUES ('version', '24');
CREATE TABLE cookies (creation_utc INTEGER NOT NULL, host_key TEXT NOT NULL, top_frame_site_key TEXT NOT NULL, name TEXT NOT NULL,
	value TEXT NOT NULL, encrypted_value BLOB NOT NULL, path TEXT NOT NULL, expires_utc INTEGER NOT NULL, is_secure INTEGER NOT NULL,
	is_httponly INTEGER NOT NULL, last_access_utc INTEGER NOT NULL, has_expires INTEGER NOT NULL, is_persistent INTEGER NOT NULL,
	priority INTEGER NOT NULL, samesite INTEGER NOT NULL, source_scheme INTEGER NOT NULL, source_port INTEGER NOT NULL,
	last_update_utc INTEGER NOT NULL, source_type INTEGER NOT NULL, has_cross_site_ancestor INTEGER NOT NULL);`

// database makes a database that is still in use: as long as it is, its latest changes are in a file beside it.
func database(t *testing.T, name string, statements ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, s := range append([]string{"PRAGMA journal_mode = WAL"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return file
}

func TestDatabases(t *testing.T) {
	ahead := time.Now().Add(time.Hour)
	const to1970 = 11644473600_000_000
	for _, tt := range []struct{ name, schema, row string }{
		{"cookies.sqlite", firefoxSchema, fmt.Sprintf(`INSERT INTO moz_cookies (name, value, host, path, expiry, lastAccessed, creationTime, isSecure, isHttpOnly)
			VALUES ('a', '1', '.example.com', '/', %d, 0, 0, 1, 0)`, ahead.UnixMilli())},
		{"Cookies", chromeSchema,
			fmt.Sprintf(`INSERT INTO cookies VALUES
				(1, '.example.com', '', 'a', '1', '', '/', %d, 1, 0, 1, 1, 1, 1, 0, 2, 443, 0, 0, 0)`,
				ahead.UnixMicro()+to1970)},
		{"soup.sqlite", `CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, name TEXT, value TEXT, host TEXT, path TEXT,
			expiry INTEGER, lastAccessed INTEGER, isSecure INTEGER, isHttpOnly INTEGER, sameSite INTEGER)`,
			fmt.Sprintf(`INSERT INTO moz_cookies VALUES (NULL, 'a', '1', '.example.com', '/', %d, NULL, 1, 0, 0)`,
				ahead.Unix())},
		{"old-soup.sqlite", `CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, name TEXT, value TEXT, host TEXT,
			path TEXT, expiry INTEGER, lastAccess INTEGER, isSecure INTEGER, isHttpOnly INTEGER)`,
			fmt.Sprintf(`INSERT INTO moz_cookies VALUES (NULL, 'a', '1', '.example.com', '/', %d, NULL, 1, 0)`,
				ahead.Unix())},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := database(t, tt.name, tt.schema, tt.row)
			before := listing(t, filepath.Dir(file))
			var out bytes.Buffer
			report, said := convert(t, cookies.Conversion{From: file, To: "-", ToFormat: "netscape", Stdout: &out})
			want := fmt.Sprintf(".example.com\tTRUE\t/\tTRUE\t%d\ta\t1\n", ahead.Unix())
			if report.Cookies != 1 || !strings.HasSuffix(out.String(), want) {
				t.Errorf("%d cookies, wrote %q, want %q in it; said %q", report.Cookies, &out, want, said)
			}
			if after := listing(t, filepath.Dir(file)); after != before {
				t.Errorf("the profile was %s, and is %s", before, after)
			}
		})
	}
}

// TestDamagedPage: a database with a page that cannot be read has cookies before it, and they are read.
func TestDamagedPage(t *testing.T) {
	file := database(t, "Cookies", chromeSchema, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 2000)
		INSERT INTO cookies SELECT i, '.example.com', '', 'a' || i, '1', '', '/', 0, 1, 0, 1, 0, 0, 1, 0, 2, 443, 0, 0, 0 FROM n`)
	whole := filepath.Join(t.TempDir(), "Cookies")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("VACUUM INTO ?", whole); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/2&^4095:], bytes.Repeat([]byte{0xff}, 4096))
	if err := os.WriteFile(whole, data, 0o600); err != nil {
		t.Fatal(err)
	}
	report, said := convert(t, cookies.Conversion{From: whole, To: "-", ToFormat: "netscape", Stdout: io.Discard})
	if report.Read == 0 || report.Read == 2000 || !strings.Contains(said, "left out: the rows that follow: ") {
		t.Errorf("%+v, said %q", report, said)
	}
}

// TestReplacedCookies: of two lines for one cookie the last counts, and the report tells that there were two.
func TestReplacedCookies(t *testing.T) {
	in := strings.NewReader("a.example\tFALSE\t/\tFALSE\t0\ta\t1\na.example\tFALSE\t/\tFALSE\t0\ta\t2\n")
	_, said := convert(t, cookies.Conversion{From: "-", To: "-", ToFormat: "netscape", Stdin: in, Stdout: io.Discard})
	if want := "cookies: 1 (read: 2, changed: 0, left out: 0, expired: 0, replaced: 1), losses: 0\n"; said != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

// TestLibsoupAfter2038: libsoup writes 32 bits of an expiry, and reads them without a sign.
func TestLibsoupAfter2038(t *testing.T) {
	file := database(t, "soup.sqlite", `CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, name TEXT, value TEXT,
		host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, isSecure INTEGER, isHttpOnly INTEGER,
		sameSite INTEGER)`, `INSERT INTO moz_cookies VALUES (NULL, 'a', '1', '.example.com', '/', -1454826496, NULL, 1, 0, 0)`)
	var out bytes.Buffer
	report, said := convert(t, cookies.Conversion{From: file, To: "-", ToFormat: "netscape", Stdout: &out})
	if report.Read != 1 || !strings.Contains(said, "its expiry on 2060-01-01 is cut") {
		t.Errorf("%+v, said %q", report, said)
	}
}

// TestOldDatabases reads what the browsers of earlier years have written: the tables as they created them.
func TestOldDatabases(t *testing.T) {
	ahead := time.Now().Add(time.Hour)
	const to1970 = 11644473600_000_000
	chrome := func(columns string) string {
		return "CREATE TABLE meta (key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);" +
			"CREATE TABLE cookies (creation_utc INTEGER NOT NULL, host_key TEXT NOT NULL, name TEXT NOT NULL, " +
			"value TEXT NOT NULL, path TEXT NOT NULL, expires_utc INTEGER NOT NULL, " + columns + ");"
	}
	const is = "is_secure INTEGER NOT NULL, is_httponly INTEGER NOT NULL, last_access_utc INTEGER NOT NULL, " +
		"has_expires INTEGER NOT NULL DEFAULT 1, is_persistent INTEGER NOT NULL DEFAULT 1, " +
		"priority INTEGER NOT NULL DEFAULT 1, encrypted_value BLOB DEFAULT ''"
	row := func(version, more string) string {
		return fmt.Sprintf("INSERT INTO meta VALUES ('version', '%s'); INSERT INTO cookies VALUES "+
			"(1, '.example.com', 'a', '1', '/', %d, 1, 0, 1, 1, 1, 1, ''%s)", version, ahead.UnixMicro()+to1970, more)
	}
	firefox := func(version int, columns, values string) (create, insert string) {
		return fmt.Sprintf("CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, %s); PRAGMA user_version = %d", columns,
				version), fmt.Sprintf("INSERT INTO moz_cookies VALUES (NULL, "+values+")",
				ahead.Unix())
	}
	cases := map[string][2]string{
		"chrome 9": {chrome(strings.ReplaceAll(is, "is_", "") + ", firstpartyonly INTEGER NOT NULL DEFAULT 0"),
			row("9", ", 0")},
		"chrome 10": {chrome(is + ", firstpartyonly INTEGER NOT NULL DEFAULT 0"), row("10", ", 0")},
		"chrome 11": {chrome(is + ", samesite INTEGER NOT NULL DEFAULT -1"), row("11", ", 3")},
		"chrome 12": {chrome(is + ", samesite INTEGER NOT NULL DEFAULT -1, source_scheme INTEGER NOT NULL DEFAULT 0"),
			row("12", ", -1, 0")},
		"chrome 14": {chrome(is + ", samesite INTEGER NOT NULL DEFAULT -1, source_scheme INTEGER NOT NULL DEFAULT 0, " +
			"source_port INTEGER NOT NULL DEFAULT -1, is_same_party INTEGER NOT NULL DEFAULT 0"),
			row("14", ", -1, 0, 443, 0")},
	}
	const plain = "name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, "
	const values = "'a', '1', '.example.com', '/', %d, 5, "
	add := func(version int, columns, values string) {
		create, insert := firefox(version, columns, values)
		cases[fmt.Sprint("firefox ", version)] = [2]string{create, insert}
	}
	add(2, plain+"isSecure INTEGER, isHttpOnly INTEGER", values+"1, 0")
	add(4, "baseDomain TEXT, "+plain+"creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER",
		"'example.com', "+values+"5, 1, 0")
	add(5, "baseDomain TEXT, appId INTEGER DEFAULT 0, inBrowserElement INTEGER DEFAULT 0, "+plain+
		"creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER", "'example.com', 0, 0, "+values+"5, 1, 0")
	add(7, "baseDomain TEXT, originAttributes TEXT NOT NULL DEFAULT '', "+plain+"creationTime INTEGER, "+
		"isSecure INTEGER, isHttpOnly INTEGER, appId INTEGER DEFAULT 0, inBrowserElement INTEGER DEFAULT 0",
		"'example.com', '', "+values+"5, 1, 0, 0, 0")
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			file := database(t, "own", tt[0], tt[1])
			for _, named := range []string{"", strings.Fields(name)[0]} {
				var out bytes.Buffer
				report, said := convert(t, cookies.Conversion{From: file, FromFormat: named, To: "-",
					ToFormat: "native", Stdout: &out})
				if report.Cookies != 1 || report.Losses > 0 || !strings.Contains(out.String(), `"name":"a"`) ||
					strings.Contains(out.String(), `"sameSite"`) {
					t.Errorf("%+v, wrote %s, said %q", report, &out, said)
				}
			}
		})
	}
	apart := database(t, "apart", cases["firefox 5"][0], cases["firefox 5"][1],
		"UPDATE moz_cookies SET appId = 3")
	_, err := (&cookies.Conversion{From: apart, To: "-", ToFormat: "netscape"}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), `kept apart by "appId"`) {
		t.Errorf("of an app: %v", err)
	}
}

// TestSessionstore: Firefox compresses its session, and a container has cookies of its own.
func TestSessionstore(t *testing.T) {
	const text = `{"version": ["sessionrestore", 1], "windows": [{"tabs": [{"entries": [{"url": "https://a.example/"}]}]}],
		"cookies": [
		{"host": "example.com", "value": "1", "path": "/", "name": "a", "secure": true, "httponly": true,
			"sameSite": 256, "originAttributes": {"firstPartyDomain": "", "userContextId": 0, "partitionKey": ""}},
		{"host": ".example.com", "value": "2", "path": "/", "name": "b", "originAttributes": {"userContextId": 2}}]}`
	block := make([]byte, lz4.CompressBlockBound(len(text)))
	n, err := lz4.CompressBlock([]byte(text), block, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "recovery.jsonlz4")
	head := binary.LittleEndian.AppendUint32([]byte("mozLz40\x00"), uint32(len(text)))
	write(t, file, string(head)+string(block[:n]))
	for container, want := range map[int]string{0: "#HttpOnly_example.com\tFALSE\t/\tTRUE\t0\ta\t1\n",
		2: ".example.com\tTRUE\t/\tFALSE\t0\tb\t2\n"} {
		var out bytes.Buffer
		report, said := convert(t, cookies.Conversion{From: file, To: "-", ToFormat: "netscape", Stdout: &out,
			Options: format.Options{Container: container}})
		if !strings.HasSuffix(out.String(), "\n\n"+want) || report.LeftOut != 1 ||
			!strings.Contains(said, "container") {
			t.Errorf("container %d: wrote %q, said %q", container, &out, said)
		}
	}
	write(t, file, string(head)+string(block[:n/2]))
	if _, err := (&cookies.Conversion{From: file, To: "-", ToFormat: "netscape"}).Run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "damaged") {
		t.Errorf("half a file: %v", err)
	}
}

// listing is what a folder has, with sizes.
func listing(t *testing.T, folder string) (text string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%s (%d) ", e.Name(), info.Size())
	}
	return text
}

// After a refusal the target is as it was, nothing lies beside it, and no copy of a database stays.
func TestRefusals(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	write(t, at("cut.json"), `{"version": 1, "cookies": [`)
	write(t, at("bad.txt"), "example.com\tFALSE\t/\tFALSE\t0\nexample.com\tFALSE\n")
	write(t, at("loss.txt"), "example.com\tFALSE\t/\tFALSE\t0\ta\t1\nexample.com\tFALSE\n")
	write(t, at("old.txt"), "example.com\tFALSE\t/\tFALSE\t1\ta\t1\nexample.com\tFALSE\t/\tFALSE\t2\tb\t1\n")
	write(t, at("page.json"), "<!DOCTYPE html><title>Sign in</title>")
	write(t, at("stripped.json"), `{"log": {"entries": []}}`)
	write(t, at("part.json"), `{"version": 1, "cookies": [{"name": "a", "domain": "example.com", "path": "/",
		"secure": true, "topLevelSite": "https://example.com"}]}`)
	write(t, at("Cookies"), "SQLite format 3\x00 and then nothing")
	write(t, at("future.sqlite"), "")
	other := database(t, "other.sqlite", "CREATE TABLE cats (name TEXT)")
	future := database(t, "future.sqlite", strings.Replace(firefoxSchema, "= 17", "= 99", 1))
	empty := at("good.json")
	write(t, empty, `{"version": 1, "cookies": []}`)
	for _, tt := range []struct {
		name string
		c    cookies.Conversion
		says []string
	}{
		{"cut", cookies.Conversion{From: at("cut.json")}, []string{"cut.json", "line 1"}},
		{"bad lines", cookies.Conversion{From: at("bad.txt"), FromFormat: "netscape"},
			[]string{"bad.txt", "2 entries were left out", "line 1"}},
		{"strict", cookies.Conversion{From: at("loss.txt"), Strict: true}, []string{"would be lost"}},
		{"expired", cookies.Conversion{From: at("old.txt")}, []string{"old.txt", "all its 2 cookies have expired"}},
		{"stripped", cookies.Conversion{From: at("stripped.json")},
			[]string{"no response in the archive sets a cookie"}},
		{"a page", cookies.Conversion{From: at("page.json")},
			[]string{"page.json", "HTML", "--from-format", "tabs between", `"cookies" and "origins"`}},
		{"nothing fits", cookies.Conversion{From: at("part.json")}, []string{"netscape can hold none"}},
		{"no database", cookies.Conversion{From: at("Cookies")}, []string{"Cookies", "read tables"}},
		{"other database", cookies.Conversion{From: other}, []string{"no browser that is known", "host_key"}},
		{"empty file", cookies.Conversion{From: at("future.sqlite")}, []string{"future.sqlite", "empty"}},
		{"future", cookies.Conversion{From: future}, []string{"schema version is 99"}},
		{"missing", cookies.Conversion{From: at("missing.txt")}, []string{"missing.txt", "no such file"}},
		{"missing database", cookies.Conversion{From: at("missing.sqlite")},
			[]string{"missing.sqlite", "no such file"}},
		{"wrong format", cookies.Conversion{From: at("cut.json"), FromFormat: "netscape"}, []string{"line 1"}},
		{"database from standard input", cookies.Conversion{From: "-", FromFormat: "chrome",
			Stdin: strings.NewReader("")}, []string{"standard input"}},
		{"unknown target", cookies.Conversion{From: empty, To: at("x.dat")}, []string{"x.dat", "--to-format"}},
		{"database as target", cookies.Conversion{From: empty, To: at("new.sqlite")},
			[]string{"new.sqlite", "only read"}},
		{"no folder", cookies.Conversion{From: empty, To: at("none/x.json")}, []string{"x.json", "no such file"}},
		{"a folder as target", cookies.Conversion{From: empty, To: folder, ToFormat: "cdp"},
			[]string{"no regular file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			if tt.c.To == "" {
				tt.c.To = at("target.txt")
			}
			write(t, at("target.txt"), "as it was")
			before := listing(t, folder)
			_, err := tt.c.Run(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %q, want %q in it", err, want)
				}
			}
			if text, _ := os.ReadFile(at("target.txt")); string(text) != "as it was" || listing(t, folder) != before {
				t.Errorf("the target is %q, the folder %s", text, listing(t, folder))
			}
			if left := listing(t, os.Getenv("TMPDIR")); left != "" {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}
