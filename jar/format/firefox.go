package format

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// The range of schema versions that are read, and the first one with the expiry in milliseconds.
const (
	firefoxOldest       = 9
	firefoxMilliseconds = 16
	firefoxNewest       = 17
)

// Firefox is the database of a Firefox profile, the SQLite file named cookies.sqlite. Cookies of containers and private
// windows are left out and reported.
var Firefox = Format{
	name: "firefox", about: "the database of Firefox, only read", files: []string{"*.sqlite"},
	query: readFirefox,
}

func readFirefox(ctx context.Context, db *sql.DB) (cookies []jar.Cookie, losses []Loss, err error) {
	var version int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return nil, nil, fmt.Errorf("read schema version: %w", err)
	}
	if version < firefoxOldest || version > firefoxNewest {
		return nil, nil, fmt.Errorf("schema version is %d, known are %d to %d", version, firefoxOldest, firefoxNewest)
	}
	rows, err := db.QueryContext(ctx, `SELECT originAttributes, name, value, host, path, expiry, lastAccessed, creationTime, `+
		`isSecure, isHttpOnly, sameSite FROM moz_cookies ORDER BY creationTime`)
	if err != nil {
		return nil, nil, fmt.Errorf("read cookies: %w", err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		c, attributes, err := scanFirefox(rows, version >= firefoxMilliseconds)
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", n, err)
		}
		var ok bool
		if c.Partition, ok = firefoxPartition(attributes); !ok {
			losses = append(losses, lossOf(&c, "the cookie: it belongs to a container or a private window"))
			continue
		}
		cookies = append(cookies, c)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("read cookies: %w", err)
	}
	return cookies, losses, nil
}

func scanFirefox(rows *sql.Rows, milliseconds bool) (c jar.Cookie, attributes string, err error) {
	var (
		host                         string
		expiry, lastAccess, creation int64
		sameSite                     int
	)
	err = rows.Scan(&attributes, &c.Name, &c.Value, &host, &c.Path, &expiry, &lastAccess, &creation, &c.Secure, &c.HttpOnly, &sameSite)
	if err != nil {
		return c, "", err
	}
	readDomain(&c, host)
	c.Created, c.LastAccess = time.UnixMicro(creation).UTC(), time.UnixMicro(lastAccess).UTC()
	// Session cookies are not in this file: whatever is, has an expiry.
	c.Expires = secondsTime(float64(expiry))
	if milliseconds {
		c.Expires = secondsTime(float64(expiry) / 1000)
	}
	switch sameSite {
	case 0:
		// None, and in older files also unset: what is not Secure cannot be None.
		if c.Secure {
			c.SameSite = cookie.SameSiteNone
		}
	case 1:
		c.SameSite = cookie.SameSiteLax
	case 2:
		c.SameSite = cookie.SameSiteStrict
	case 256: // unset
	default:
		return c, "", fmt.Errorf("sameSite is %d", sameSite)
	}
	return c, attributes, nil
}

// firefoxPartition reads origin attributes: "" or ^partitionKey=%28https%2Cexample.com%29, with a third part "f" in the
// parentheses for a cross-site ancestor. Anything else is not ok.
func firefoxPartition(attributes string) (p jar.Partition, ok bool) {
	query, caret := strings.CutPrefix(attributes, "^")
	if attributes == "" {
		return p, true
	}
	values, err := url.ParseQuery(query)
	if key := values.Get("partitionKey"); caret && err == nil && len(values) == 1 && len(key) > 2 && key[0] == '(' && key[len(key)-1] == ')' {
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
