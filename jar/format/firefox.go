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

// Firefox is the database of a Firefox profile, the SQLite file named cookies.sqlite. It has no session cookies: those
// are in [Sessionstore]. Cookies of containers are left out, unless [Options.Container] names theirs, and so are those
// of private windows.
//
// Firefox partitions the cookies of other sites' frames by itself (Total Cookie Protection). As other browsers
// partition no cookie that is not Secure, such cookies are left out.
var Firefox = Format{
	name: "firefox", about: "the database of Firefox, only read", files: []string{"*.sqlite"},
	sign: "an SQLite database with moz_cookies and a user_version",
	database: &schema{
		table: "moz_cookies", column: "isHttpOnly", fits: func(version int) bool { return version > 0 },
		version: userVersion, oldest: 2, newest: 17,
		cookies: firefoxQuery,
		scan:    scanFirefox,
	},
}

// firefoxQuery knows what the older versions have not (TryInitDB in netwerk/cookie/nsCookieService.cpp, to be read from
// version 2 of 2008 on).
func firefoxQuery(version int) string {
	attributes, creation, sameSite := "originAttributes", "creationTime", "sameSite"
	if version < 9 {
		sameSite = "256"
	}
	switch {
	case version == 5: // Firefox OS keeps apps apart
		attributes = `CASE WHEN appId <> 0 OR inBrowserElement <> 0 THEN '^appId=' || appId ELSE '' END`
	case version < 6:
		attributes = "''"
	}
	if version < 4 {
		creation = "id"
	}
	return `SELECT ` + attributes + `, name, value, host, path, expiry, lastAccessed, ` + creation +
		`, isSecure, isHttpOnly, ` + sameSite + ` FROM moz_cookies ORDER BY ` + creation
}

// firefoxSameSites are the numbers of the database. In older files 0 is also unset.
var firefoxSameSites = map[int]cookie.SameSite{
	0: cookie.SameSiteNone, 1: cookie.SameSiteLax, 2: cookie.SameSiteStrict, 256: cookie.SameSiteUnset,
}

func scanFirefox(rows *sql.Rows, version int, o *Options) (r row) {
	var (
		c                            = &r.cookie
		attributes, host             string
		expiry, lastAccess, creation int64
		sameSite                     int
		ok                           bool
	)
	err := rows.Scan(&attributes, &c.Name, &c.Value, &host, &c.Path, &expiry, &lastAccess, &creation, &c.Secure,
		&c.HttpOnly, &sameSite)
	if err != nil {
		r.why = scanError(err)
		return r
	}
	readDomain(c, host)
	c.Created, c.LastAccess = time.UnixMicro(creation).UTC(), time.UnixMicro(lastAccess).UTC()
	// There are no session cookies in this file, so every cookie has an expiry.
	seconds := float64(expiry)
	if version >= 16 {
		seconds /= 1000
	}
	c.Expires = secondsTime(seconds)
	if c.SameSite, ok = firefoxSameSites[sameSite]; !ok {
		r.why = fmt.Sprintf("sameSite is %d", sameSite)
		return r
	}
	origin, err := parseAttributes(attributes)
	if err != nil {
		r.why = err.Error()
		return r
	}
	r.changes, r.why = origin.apply(c, o)
	return r
}

// scanError is an error of Scan without what it quotes of the row.
func scanError(err error) string {
	text, _, _ := strings.Cut(err.Error(), ": converting")
	return "a column has a value of the wrong type: " + strings.TrimPrefix(text, "sql: Scan error on ")
}

// An originAttributes says to which part of Firefox a cookie belongs.
type originAttributes struct {
	container int // userContextId
	private   bool
	partition string // (scheme,host[,port][,f])
	other     string // a key that is not known
}

// parseAttributes reads a suffix such as ^userContextId=1&partitionKey=%28https%2Cexample.com%29.
func parseAttributes(text string) (a originAttributes, err error) {
	query, caret := strings.CutPrefix(text, "^")
	values, err := url.ParseQuery(query)
	if err != nil || text != "" && !caret {
		return a, fmt.Errorf("its originAttributes have no known form")
	}
	for key, list := range values {
		switch value := list[0]; key {
		case "userContextId":
			if _, err := fmt.Sscan(value, &a.container); err != nil {
				return a, fmt.Errorf("its container is no number")
			}
		case "privateBrowsingId":
			a.private = value != "0"
		case "partitionKey":
			a.partition = value
		case "firstPartyDomain":
			if value != "" {
				a.other = key
			}
		default:
			a.other = key
		}
	}
	return a, nil
}

// apply gives a cookie its partition, and says why it is left out.
func (a originAttributes) apply(c *jar.Cookie, o *Options) (changes []string, why string) {
	if c.SameSite == cookie.SameSiteNone && !c.Secure {
		c.SameSite = cookie.SameSiteUnset // an insecure cookie cannot be None
	}
	switch {
	case a.private:
		return nil, "it belongs to a private window"
	case a.container != o.Container && a.container == 0:
		return nil, "it belongs to no container"
	case a.container != o.Container:
		return nil, fmt.Sprintf("it belongs to the container %d", a.container)
	case a.other != "":
		return nil, fmt.Sprintf("it is kept apart by %.40q", a.other)
	case a.partition == "":
		return nil, ""
	}
	site, ancestor, port, ok := parsePartitionKey(a.partition)
	if !ok {
		return nil, "its partition has no known form"
	}
	if !c.Secure {
		return nil, "it is partitioned by Firefox under " + site + " (Total Cookie Protection) and not Secure; " +
			"other browsers have no such partition"
	}
	c.Partition = partitionOf(site)
	// Without the mark, too: a cookie of another site can be under this one only by a frame or a resource of its own.
	c.Partition.CrossSiteAncestor = ancestor || foreign(c.Domain, site)
	if port {
		changes = append(changes, "the port of its partition is lost")
	}
	return changes, ""
}

// parsePartitionKey reads (https,example.com), which may have a port and a mark "f" for a cross-site ancestor behind.
func parsePartitionKey(key string) (site string, ancestor, port, ok bool) {
	if len(key) < 2 || key[0] != '(' || key[len(key)-1] != ')' {
		return "", false, false, false
	}
	part := strings.Split(key[1:len(key)-1], ",")
	if len(part) < 2 || part[0] == "" || part[1] == "" {
		return "", false, false, false
	}
	for _, more := range part[2:] {
		switch {
		case more == "f":
			ancestor = true
		case more != "" && strings.Trim(more, "0123456789") == "":
			port = true
		default:
			return "", false, false, false
		}
	}
	return part[0] + "://" + bracketed(strings.Trim(part[1], "[]")), ancestor, port, true
}
