package format

import (
	"database/sql"
	"fmt"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Chrome is the database of a Chromium profile, the SQLite file named Cookies. On most systems its values are
// encrypted. They are read where the key is public (Linux without a keyring), or where [Options.Secret] has what the
// keyring keeps (Linux, macOS). Other encrypted cookies are left out.
var Chrome = Format{
	name: "chrome", about: "the database of Chrome and Chromium, only read", files: []string{"Cookies"},
	sign: "an SQLite database with cookies and host_key",
	database: &schema{
		table: "cookies", column: "host_key",
		version: `SELECT value FROM meta WHERE key = 'version'`, oldest: 9, newest: 24,
		cookies: chromeQuery, scan: scanChrome,
	},
}

// chromeQuery knows what the older versions have not, or under other names (the history of the schema stands in
// net/extras/sqlite/sqlite_persistent_cookie_store.cc).
func chromeQuery(version int) string {
	secure, httpOnly, sameSite, site, ancestor := "is_secure", "is_httponly", "samesite", "top_frame_site_key",
		"has_cross_site_ancestor"
	if version < 10 {
		secure, httpOnly = "secure", "httponly"
	}
	if version < 11 {
		sameSite = "CASE firstpartyonly WHEN 0 THEN -1 ELSE firstpartyonly END" // 0 was what had no SameSite
	}
	if version < 15 {
		site = "''"
	}
	if version < 23 {
		ancestor = "0"
	}
	return `SELECT creation_utc, host_key, ` + site + `, name, value, encrypted_value, path, expires_utc, ` + secure +
		`, ` + httpOnly + `, last_access_utc, has_expires, priority, ` + sameSite + `, ` + ancestor +
		` FROM cookies ORDER BY creation_utc`
}

// The numbers of the database. Medium is also the priority of cookies without one.
var (
	chromePriorities = map[int]cookie.Priority{
		0: cookie.PriorityLow, 1: cookie.PriorityUnset, 2: cookie.PriorityHigh,
	}
	chromeSameSites = map[int]cookie.SameSite{
		-1: cookie.SameSiteUnset, 0: cookie.SameSiteNone, 1: cookie.SameSiteLax, 2: cookie.SameSiteStrict,
		3: cookie.SameSiteUnset, // Extended, which was tried in 2019 and is read as unset
	}
)

func scanChrome(rows *sql.Rows, version int, o *Options) (r row) {
	var (
		c                            = &r.cookie
		domain                       string
		created, expires, lastAccess int64
		encrypted                    []byte
		hasExpires                   bool
		priority, sameSite           int
	)
	err := rows.Scan(&created, &domain, &c.Partition.TopLevelSite, &c.Name, &c.Value, &encrypted, &c.Path,
		&expires, &c.Secure, &c.HttpOnly, &lastAccess, &hasExpires, &priority, &sameSite,
		&c.Partition.CrossSiteAncestor)
	if err != nil {
		r.why = scanError(err)
		return r
	}
	readDomain(c, domain)
	if c.Partition.TopLevelSite == "" {
		c.Partition = jar.Partition{} // the bit means nothing without a site
	}
	c.Created, c.LastAccess = chromeTime(created), chromeTime(lastAccess)
	if hasExpires {
		c.Expires = chromeTime(expires)
	}
	var ok bool
	if c.Priority, ok = chromePriorities[priority]; !ok {
		r.why = fmt.Sprintf("priority is %d", priority)
		return r
	}
	if c.SameSite, ok = chromeSameSites[sameSite]; !ok {
		r.why = fmt.Sprintf("samesite is %d", sameSite)
		return r
	}
	if c.Value == "" && len(encrypted) > 0 {
		c.Value, r.why = decryptChrome(encrypted, domain, version, o.Secret)
	}
	return r
}

// chromeTime is a time in microseconds since 1601.
func chromeTime(us int64) time.Time {
	const secondsTo1970 = 11644473600
	return time.Unix(us/1e6-secondsTo1970, us%1e6*1e3).UTC()
}
