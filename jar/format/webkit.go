package format

import (
	"database/sql"
	"fmt"

	"coatcheck.dev/cookie"
)

// WebKitGTK is the database of libsoup: the cookies of WebKitGTK and its browsers, such as GNOME Web. libsoup's other
// format, text, is [Netscape] with an eighth field. It fills no time of the last access, and that column has had two
// names. libsoup before 2.70 has no column for SameSite.
var WebKitGTK = Format{
	name: "webkitgtk", about: "the database of libsoup, for WebKitGTK and GNOME Web, only read",
	sign: "an SQLite database with moz_cookies and no user_version",
	database: &schema{
		table: "moz_cookies", column: "lastAccess", fits: func(version int) bool { return version == 0 },
		version: userVersion, oldest: 0, newest: 0,
		cookies: func(int) string {
			// Where the table has no sameSite, the one beside it is meant.
			return `SELECT name, value, host, path, expiry, isSecure, isHttpOnly, ` +
				`(SELECT sameSite FROM moz_cookies AS own WHERE own.id = each.id) ` +
				`FROM (SELECT NULL AS sameSite) CROSS JOIN moz_cookies AS each ORDER BY each.id`
		},
		scan: scanWebKitGTK,
	},
}

func scanWebKitGTK(rows *sql.Rows, _ int, _ *Options) (r row) {
	var (
		c      = &r.cookie
		host   string
		expiry int64
		site   sql.NullInt64
	)
	err := rows.Scan(&c.Name, &c.Value, &host, &c.Path, &expiry, &c.Secure, &c.HttpOnly, &site)
	if err != nil {
		r.why = scanError(err)
		return r
	}
	readDomain(c, host)
	if expiry < 0 {
		expiry += 1 << 32 // libsoup writes 32 bits of it, which do not reach beyond 2038
	}
	c.Expires = secondsTime(float64(expiry)) // session cookies are not in this file
	var ok bool
	if c.SameSite, ok = firefoxSameSites[int(site.Int64)]; !ok {
		r.why = fmt.Sprintf("sameSite is %d", site.Int64)
	}
	if c.SameSite == cookie.SameSiteNone && (!c.Secure || !site.Valid) {
		c.SameSite = cookie.SameSiteUnset // libsoup writes the same number for both
	}
	return r
}
