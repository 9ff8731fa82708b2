package format

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// The range of schema versions that are read, and the first one that tells the ancestors of partitions.
const (
	chromeOldest   = 18
	chromeAncestor = 23
	chromeNewest   = 24
)

// Chrome is the database of a Chromium profile, the SQLite file named Cookies. On most systems its values are encrypted:
// those cookies cannot be read and are reported as lost.
var Chrome = Format{
	name: "chrome", about: "the database of Chrome and Chromium, only read", files: []string{"Cookies"},
	query: readChrome,
}

func readChrome(ctx context.Context, db *sql.DB) (cookies []jar.Cookie, losses []Loss, err error) {
	var version int
	if err := db.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'version'`).Scan(&version); err != nil {
		return nil, nil, fmt.Errorf("read schema version: %w", err)
	}
	if version < chromeOldest || version > chromeNewest {
		return nil, nil, fmt.Errorf("schema version is %d, known are %d to %d", version, chromeOldest, chromeNewest)
	}
	ancestor := "0"
	if version >= chromeAncestor {
		ancestor = "has_cross_site_ancestor"
	}
	rows, err := db.QueryContext(ctx, `SELECT creation_utc, host_key, top_frame_site_key, name, value, length(encrypted_value), path, `+
		`expires_utc, is_secure, is_httponly, last_access_utc, has_expires, priority, samesite, `+ancestor+` FROM cookies ORDER BY creation_utc`)
	if err != nil {
		return nil, nil, fmt.Errorf("read cookies: %w", err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		c, encrypted, err := scanChrome(rows)
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", n, err)
		}
		if encrypted {
			losses = append(losses, lossOf(&c, "the cookie: its value is encrypted"))
			continue
		}
		cookies = append(cookies, c)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("read cookies: %w", err)
	}
	return cookies, losses, nil
}

func scanChrome(rows *sql.Rows) (c jar.Cookie, encrypted bool, err error) {
	var (
		domain                       string
		created, expires, lastAccess int64
		cipherLen                    sql.NullInt64
		hasExpires                   bool
		priority, sameSite           int
	)
	err = rows.Scan(&created, &domain, &c.Partition.TopLevelSite, &c.Name, &c.Value, &cipherLen, &c.Path,
		&expires, &c.Secure, &c.HttpOnly, &lastAccess, &hasExpires, &priority, &sameSite, &c.Partition.CrossSiteAncestor)
	if err != nil {
		return c, false, err
	}
	readDomain(&c, domain)
	if c.Partition.TopLevelSite == "" {
		c.Partition = jar.Partition{} // the bit means nothing without a site
	}
	c.Created, c.LastAccess = chromeTime(created), chromeTime(lastAccess)
	if hasExpires {
		c.Expires = chromeTime(expires)
	}
	switch priority {
	case 0:
		c.Priority = cookie.PriorityLow
	case 1: // medium is what cookies have that name none
	case 2:
		c.Priority = cookie.PriorityHigh
	default:
		return c, false, fmt.Errorf("priority is %d", priority)
	}
	switch sameSite {
	case -1:
		c.SameSite = cookie.SameSiteUnset
	case 0:
		c.SameSite = cookie.SameSiteNone
	case 1:
		c.SameSite = cookie.SameSiteLax
	case 2:
		c.SameSite = cookie.SameSiteStrict
	default:
		return c, false, fmt.Errorf("samesite is %d", sameSite)
	}
	return c, c.Value == "" && cipherLen.Int64 > 0, nil
}

// chromeTime is a time in microseconds since 1601.
func chromeTime(us int64) time.Time {
	const secondsTo1970 = 11644473600
	return time.Unix(us/1e6-secondsTo1970, us%1e6*1e3).UTC()
}
