// Package databases reads the cookies of browsers from databases as browsers write them, through a real SQLite: of a
// Chromium that has just been used, and of Firefox's schemas.
//
// Chromium encrypts values, on systems without a keyring with a key that everybody knows. The test reads these first,
// and then writes them in plain, as older versions did and as other programs do that make such files.
package databases

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
	"coatcheck.dev/test/internal/browser"
)

var sent = []string{
	"all=1; Path=/a; Secure; HttpOnly; SameSite=Strict; Priority=High; Max-Age=3600",
	"none=2; Secure; SameSite=None; Max-Age=3600",
	"lax=3; SameSite=Lax; Priority=Low; Max-Age=3600",
	"unset=4; Max-Age=3600",
	"part=5; Path=/; Secure; SameSite=None; Partitioned; Max-Age=3600",
	"wide=6; Domain=localhost; Max-Age=3600",
	"session=7",
}

// chromium uses a browser until it has written its database, and returns a copy of it, and the cookies of a jar that
// has been sent the same.
func chromium(t *testing.T) (file string, want []jar.Cookie) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, line := range sent {
			w.Header().Add("Set-Cookie", line)
		}
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/"
	b := browser.Start(t, browser.Options{Flags: map[string]string{"password-store": "basic"}})
	b.Navigate(url)
	b.Close()
	found, err := filepath.Glob(filepath.Join(b.Profile(), "Default", "Cookies"))
	if more, _ := filepath.Glob(filepath.Join(b.Profile(), "Default", "Network", "Cookies")); len(found) == 0 {
		found = more
	}
	if err != nil || len(found) != 1 {
		t.Fatalf("the profile has databases %q, %v", found, err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "Cookies")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	j := jar.New(jar.Options{Profile: jar.Chrome})
	for _, line := range sent {
		j.Set(request(t, url), line)
	}
	j.EndSession() // Chromium writes these down, and drops them when it starts
	return file, j.All()
}

func request(t *testing.T, url string) *jar.Request {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &jar.Request{URL: r.URL, Kind: jar.Navigation}
}

func open(t *testing.T, file string, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return db
}

// plain writes the values that Chromium has encrypted.
func plain(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, line := range sent {
		pair, _, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if _, err := db.Exec(`UPDATE cookies SET value = ?, encrypted_value = x'' WHERE name = ?`, value,
			name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChromium(t *testing.T) {
	file, want := chromium(t)
	db := open(t, file)
	var version, rows int
	if err := db.QueryRow(`SELECT (SELECT value FROM meta WHERE key = 'version'), count(*) FROM cookies`).Scan(&version,
		&rows); err != nil {
		t.Fatal(err)
	}
	t.Logf("Chromium has written schema version %d, %d cookies", version, rows)
	encrypted := copied(t, file, 1)
	for _, how := range []string{"encrypted", "in plain"} {
		j := jar.New(jar.Options{})
		report, err := format.Chrome.ImportDatabase(t.Context(), j, db)
		if err != nil || len(report.Losses) != 0 || report.Read != rows {
			t.Fatalf("%s: %+v, %v", how, report, err)
		}
		j.EndSession()
		if got, want := describe(j.All()), describe(want); !slices.Equal(got, want) {
			t.Errorf("%s: read\n%s\nwant\n%s", how, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		plain(t, db)
	}

	for name, damage := range map[string]struct{ statement, says string }{
		"text for time": {`UPDATE cookies SET expires_utc = 'soon' WHERE name = 'unset'`, "wrong type"},
		"no such rank":  {`UPDATE cookies SET priority = 7 WHERE name = 'unset'`, "priority is 7"},
		"no such site":  {`UPDATE cookies SET samesite = 9 WHERE name = 'unset'`, "samesite is 9"},
		"other host":    {`UPDATE cookies SET host_key = 'x.example' WHERE name = 'unset'`, "encrypted"},
		"other key":     {`UPDATE cookies SET encrypted_value = x'76313100' WHERE name = 'unset'`, "keyring"},
	} {
		t.Run(name, func(t *testing.T) {
			leftOut(t, format.Chrome, open(t, copied(t, encrypted, 1), damage.statement), rows, damage.says)
		})
	}
	for name, damage := range map[string]struct{ statement, says string }{
		"future schema":  {`UPDATE meta SET value = 99 WHERE key = 'version'`, "schema version is 99"},
		"column missing": {`ALTER TABLE cookies RENAME COLUMN path TO way`, "no such column: path"},
		"table missing":  {`DROP TABLE cookies`, "no such table"},
		"no version":     {`DROP TABLE meta`, "schema version"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := open(t, copied(t, file, 1), damage.statement)
			refused(t, format.Chrome, bad, damage.says)
		})
	}
	t.Run("cut", func(t *testing.T) {
		cut := open(t, copied(t, file, 0.5))
		refused(t, format.Chrome, cut, "import chrome cookies")
	})
}

// describe writes what must be equal. Times are known to the minute, as the browser and the jar got the lines one after
// the other.
func describe(cookies []jar.Cookie) (lines []string) {
	for _, c := range cookies {
		if c.Priority == cookie.PriorityUnset {
			c.Priority = cookie.PriorityMedium // which Chromium writes as the same number
		}
		lines = append(lines, fmt.Sprintf(
			"%s=%s domain=%s hostonly=%t path=%s in=%v ago=%v secure=%t httponly=%t samesite=%v priority=%v %v",
			c.Name, c.Value, c.Domain, c.HostOnly, c.Path, time.Until(c.Expires).Round(10*time.Minute),
			time.Since(c.Created).Round(10*time.Minute), c.Secure, c.HttpOnly, c.SameSite, c.Priority, c.Partition))
	}
	slices.Sort(lines)
	return lines
}

// copied is the first part of a file.
func copied(t *testing.T, file string, share float64) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(part, data[:int(float64(len(data))*share)], 0o600); err != nil {
		t.Fatal(err)
	}
	return part
}

// leftOut sees that one of the rows is left out, and the others are read.
func leftOut(t *testing.T, f format.Format, db *sql.DB, rows int, says string) {
	t.Helper()
	j := jar.New(jar.Options{})
	report, err := f.ImportDatabase(t.Context(), j, db)
	if err != nil || report.LeftOut != 1 || report.Read != rows-1 || len(j.All()) != rows-1 {
		t.Fatalf("of %d rows: %+v, %v", rows, report, err)
	}
	if loss := report.Losses[0]; !loss.LeftOut || !strings.HasPrefix(loss.Place, "row ") ||
		!strings.Contains(loss.What, says) {
		t.Errorf("lost %v, want %q in it", loss, says)
	}
}

// refused sees that an import fails with a clear error and leaves a jar as it was.
func refused(t *testing.T, f format.Format, db *sql.DB, says string) {
	t.Helper()
	j := jar.New(jar.Options{})
	if err := j.Add(jar.Cookie{Name: "before", Domain: "example.com", Path: "/"}); err != nil {
		t.Fatal(err)
	}
	_, err := f.ImportDatabase(t.Context(), j, db)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v, want one with %q", err, says)
	}
	if all := j.All(); len(all) != 1 || all[0].Name != "before" {
		t.Errorf("half imported: %d cookies", len(all))
	}
}
