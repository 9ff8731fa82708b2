package databases

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// firefox writes a database as Firefox has it in a schema version, with three cookies of every sort and then as many
// more.
func firefox(t *testing.T, version, more int) string {
	t.Helper()
	columns := `id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER,
		lastAccessed INTEGER, creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER, inBrowserElement INTEGER DEFAULT 0,
		sameSite INTEGER DEFAULT 0`
	if version >= 12 {
		columns += `, schemeMap INTEGER DEFAULT 0`
	}
	if version >= 14 {
		columns += `, isPartitionedAttributeSet INTEGER DEFAULT 0`
	}
	expiry := time.Now().Add(time.Hour).Unix()
	if version >= 16 {
		expiry *= 1000
	}
	now := time.Now().UnixMicro()
	row := func(name, attributes, host, path string, flags string, created int64) string {
		return fmt.Sprintf(`INSERT INTO moz_cookies (originAttributes, name, value, host, path, expiry, lastAccessed, creationTime, isSecure, isHttpOnly, sameSite)
			VALUES ('%s', '%s', '1', '%s', '%s', %d, %d, %d, %s)`, attributes, name, host, path, expiry, now, created, flags)
	}
	statements := []string{
		fmt.Sprintf("PRAGMA user_version = %d", version),
		"CREATE TABLE moz_cookies (" + columns +
			", CONSTRAINT moz_uniqueid UNIQUE (name, host, path, originAttributes))",
		row("host", "", "example.com", "/a", "1, 1, 2", now-4),
		row("wide", "", ".example.com", "/", "0, 0, 1", now-3),
		row("part", "^partitionKey=%28https%2Ctop.example%29", "example.com", "/", "1, 0, 0", now-2),
		row("container", "^userContextId=1", "example.com", "/", "1, 0, 0", now-1),
		"BEGIN",
	}
	for i := range more {
		statements = append(statements,
			row(fmt.Sprint("more", i), "", fmt.Sprintf("h%d.example", i), "/", "1, 0, 0", now))
	}
	file := filepath.Join(t.TempDir(), "cookies.sqlite")
	open(t, file, append(statements, "COMMIT")...).Close()
	return file
}

func TestFirefox(t *testing.T) {
	for version := 9; version <= 17; version++ {
		t.Run(fmt.Sprint("schema ", version), func(t *testing.T) {
			j := jar.New(jar.Options{})
			report, err := format.Firefox.ImportDatabase(t.Context(), j, open(t, firefox(t, version, 0)))
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Losses) != 1 || report.Losses[0].Cookie != "container" {
				t.Errorf("lost %v, want the cookie of the container", report.Losses)
			}
			base := jar.Cookie{Value: "1", Domain: "example.com", Path: "/", Expires: time.Now().Add(time.Hour),
				Created: time.Now()}
			host, wide, part := base, base, base
			host.Name, host.HostOnly, host.Path = "host", true, "/a"
			host.Secure, host.HttpOnly, host.SameSite = true, true, cookie.SameSiteStrict
			wide.Name, wide.SameSite = "wide", cookie.SameSiteLax
			part.Name, part.HostOnly, part.Secure, part.SameSite = "part", true, true, cookie.SameSiteNone
			part.Partition = jar.Partition{TopLevelSite: "https://top.example", CrossSiteAncestor: true}
			if got, want := describe(j.All()), describe([]jar.Cookie{host, wide, part}); !slices.Equal(got, want) {
				t.Errorf("read\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestFirefoxLeavesOut(t *testing.T) {
	for name, damage := range map[string]struct{ statement, says string }{
		"text for time": {`UPDATE moz_cookies SET expiry = 'soon' WHERE name = 'wide'`, "wrong type"},
		"no name":       {`UPDATE moz_cookies SET name = NULL WHERE name = 'wide'`, "wrong type"},
		"no such site":  {`UPDATE moz_cookies SET sameSite = 9 WHERE name = 'wide'`, "sameSite is 9"},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, firefox(t, 17, 0), `DELETE FROM moz_cookies WHERE name = 'container'`, damage.statement)
			leftOut(t, format.Firefox, db, 3, damage.says)
		})
	}
}

func TestFirefoxRefused(t *testing.T) {
	for name, damage := range map[string]struct{ statement, says string }{
		"future schema":  {`PRAGMA user_version = 18`, "schema version is 18"},
		"old schema":     {`PRAGMA user_version = 1`, "schema version is 1"},
		"column missing": {`ALTER TABLE moz_cookies DROP COLUMN isSecure`, "isSecure"},
		"table missing":  {`DROP TABLE moz_cookies`, "no such table"},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, firefox(t, 17, 0), damage.statement)
			refused(t, format.Firefox, db, damage.says)
		})
	}
	// A file with many pages, cut anywhere: what can be read is read, and the rest is named.
	file := firefox(t, 17, 2000)
	for _, share := range []float64{0.01, 0.1, 0.5, 0.9, 0.99} {
		t.Run(fmt.Sprint("cut at ", share), func(t *testing.T) {
			report, err := format.Firefox.ImportDatabase(t.Context(), jar.New(jar.Options{}),
				open(t, copied(t, file, share)))
			n := len(report.Losses)
			named := report.LeftOut > 1 ||
				n > 0 && strings.HasPrefix(report.Losses[n-1].What, "the rows that follow: ")
			if err == nil && !named || err != nil && report.Read > 0 {
				t.Errorf("%v, %+v, %d losses", err, report.Counts, n)
			}
		})
	}
}
