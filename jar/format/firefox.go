package format

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// Firefox is the database of a Firefox profile, the SQLite file named cookies.sqlite. Cookies of containers and private
// windows are left out and reported.
var Firefox = Format{
	name: "firefox", about: "the database of Firefox, only read", files: []string{"*.sqlite"},
	database: &schema{
		version: `PRAGMA user_version`, oldest: 9, newest: 17,
		cookies: func(int) string {
			return `SELECT originAttributes, name, value, host, path, expiry, lastAccessed, creationTime, ` +
				`isSecure, isHttpOnly, sameSite FROM moz_cookies ORDER BY creationTime`
		},
		scan: scanFirefox,
	},
}

// firefoxSameSites are the numbers of the database. In older files 0 is also unset.
var firefoxSameSites = map[int]cookie.SameSite{
	0: cookie.SameSiteNone, 1: cookie.SameSiteLax, 2: cookie.SameSiteStrict, 256: cookie.SameSiteUnset,
}

func scanFirefox(rows *sql.Rows, version int) (c jar.Cookie, lost string, err error) {
	var (
		attributes, host             string
		expiry, lastAccess, creation int64
		sameSite                     int
		ok                           bool
	)
	err = rows.Scan(&attributes, &c.Name, &c.Value, &host, &c.Path, &expiry, &lastAccess, &creation, &c.Secure,
		&c.HttpOnly, &sameSite)
	if err != nil {
		return c, "", err
	}
	readDomain(&c, host)
	c.Created, c.LastAccess = time.UnixMicro(creation).UTC(), time.UnixMicro(lastAccess).UTC()
	// There are no session cookies in this file, so every cookie has an expiry.
	seconds := float64(expiry)
	if version >= 16 {
		seconds /= 1000
	}
	c.Expires = secondsTime(seconds)
	if c.SameSite, ok = firefoxSameSites[sameSite]; !ok {
		return c, "", fmt.Errorf("sameSite is %d", sameSite)
	}
	if c.SameSite == cookie.SameSiteNone && !c.Secure {
		c.SameSite = cookie.SameSiteUnset // an insecure cookie cannot be None
	}
	if c.Partition, ok = firefoxPartition(attributes); !ok {
		lost = "the cookie: it belongs to a container or a private window"
	}
	return c, lost, nil
}

// firefoxPartition reads origin attributes: "" or ^partitionKey=%28https%2Cexample.com%29, with a third part "f" in the
// parentheses for a cross-site ancestor. Anything else is not ok.
func firefoxPartition(attributes string) (p jar.Partition, ok bool) {
	query, caret := strings.CutPrefix(attributes, "^")
	if attributes == "" {
		return p, true
	}
	values, err := url.ParseQuery(query)
	if key := values.Get("partitionKey"); caret && err == nil && len(values) == 1 && len(key) > 2 && key[0] == '(' &&
		key[len(key)-1] == ')' {
		part := strings.Split(key[1:len(key)-1], ",")
		switch {
		case len(part) == 2:
			return jar.Partition{TopLevelSite: part[0] + "://" + part[1]}, true
		case len(part) == 3 && part[2] == "f":
			return jar.Partition{TopLevelSite: part[0] + "://" + part[1], CrossSiteAncestor: true}, true
		}
	}
	return p, false
}
