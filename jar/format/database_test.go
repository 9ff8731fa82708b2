package format_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// table is a database that answers the version query with its version and every other query with its rows.
type table struct {
	version any
	rows    [][]driver.Value
	fail    error // instead of the end of the rows
	queries []string
}

func (d *table) open(t *testing.T) *sql.DB {
	db := sql.OpenDB(d)
	t.Cleanup(func() { db.Close() })
	return db
}

func (d *table) Connect(context.Context) (driver.Conn, error) { return d, nil }
func (d *table) Driver() driver.Driver                        { return nil }
func (d *table) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (d *table) Close() error                                 { return nil }
func (d *table) Prepare(q string) (driver.Stmt, error) {
	d.queries = append(d.queries, q)
	return &query{table: d, text: q}, nil
}

type query struct {
	*table
	text string
	next int
}

func (q *query) NumInput() int                              { return 0 }
func (q *query) Exec([]driver.Value) (driver.Result, error) { return nil, errors.ErrUnsupported }
func (q *query) Query([]driver.Value) (driver.Rows, error) {
	if q.isVersion() && q.version == nil {
		return nil, errors.New("no such table: meta")
	}
	return q, nil
}
func (q *query) isVersion() bool { return strings.Contains(q.text, "version") }
func (q *query) Columns() []string {
	if q.isVersion() {
		return make([]string, 1)
	}
	return make([]string, strings.Count(q.text[:strings.Index(q.text, " FROM ")], ",")+1)
}
func (q *query) Next(to []driver.Value) error {
	if q.isVersion() {
		to[0] = q.version
		q.next++
		if q.next > 1 {
			return io.EOF
		}
		return nil
	}
	if q.next == len(q.rows) {
		if q.fail != nil {
			return q.fail
		}
		return io.EOF
	}
	copy(to, q.rows[q.next])
	q.next++
	return nil
}

// chromeTime is a time as Chrome stores it.
func chromeTime(t time.Time) int64 { return t.UnixMicro() + 11644473600_000_000 }

func chromeRow(name string, edit func([]driver.Value)) []driver.Value {
	created := chromeTime(today.Add(-time.Hour))
	row := []driver.Value{
		created, "example.com", "", name, "1", []byte{}, "/", chromeTime(today.Add(time.Hour)), int64(1), int64(0),
		chromeTime(today.Add(-time.Minute)), int64(1), int64(1), int64(-1), int64(0),
	}
	edit(row)
	return row
}

func TestImportChrome(t *testing.T) {
	d := &table{version: "24", rows: [][]driver.Value{
		chromeRow("plain", func([]driver.Value) {}),
		chromeRow("full", func(r []driver.Value) {
			r[1], r[2], r[6], r[9], r[12], r[13], r[14] = ".example.com", "https://top.example", "/x", int64(1),
				int64(2), int64(0), int64(1)
		}),
		chromeRow("session", func(r []driver.Value) {
			r[7], r[11], r[12], r[13] = int64(0), int64(0), int64(0),
				int64(2)
		}),
		chromeRow("lax", func(r []driver.Value) { r[13], r[14] = int64(1), int64(1) }),
		chromeRow("encrypted", func(r []driver.Value) { r[4], r[5] = "", []byte("v99 and more") }),
		chromeRow("empty", func(r []driver.Value) { r[4], r[5] = "", nil }),
		chromeRow("insecure", func(r []driver.Value) { r[8], r[13] = int64(0), int64(0) }),
	}}
	j := newJar(jar.Chrome)
	report, err := format.Chrome.ImportDatabase(t.Context(), j, d.open(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := texts(report.Losses); len(got) != 2 || !strings.Contains(got[0],
		`left out: row 5: "encrypted" of example.com: its value is encrypted`) ||
		!strings.Contains(got[1], "SameSite=None needs Secure") {
		t.Errorf("lost %q", got)
	}
	created, used, expires := today.Add(-time.Hour), today.Add(-time.Minute), today.Add(time.Hour)
	base := jar.Cookie{Value: "1", Domain: "example.com", HostOnly: true, Path: "/", Secure: true, Created: created,
		LastAccess: used, Expires: expires}
	edit := func(name string, f func(*jar.Cookie)) jar.Cookie { c := base; c.Name = name; f(&c); return c }
	want := []jar.Cookie{
		edit("plain", func(*jar.Cookie) {}),
		edit("full", func(c *jar.Cookie) {
			c.HostOnly, c.Path, c.HttpOnly, c.Priority, c.SameSite = false, "/x", true, cookie.PriorityHigh,
				cookie.SameSiteNone
			c.Partition = jar.Partition{TopLevelSite: "https://top.example", CrossSiteAncestor: true}
		}),
		edit("session", func(c *jar.Cookie) {
			c.Expires, c.Priority, c.SameSite = time.Time{}, cookie.PriorityLow, cookie.SameSiteStrict
		}),
		edit("lax", func(c *jar.Cookie) { c.SameSite = cookie.SameSiteLax }),
		edit("empty", func(c *jar.Cookie) { c.Value = "" }),
	}
	if got := j.All(); !slices.EqualFunc(got, want, same) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	d = &table{version: int64(18), rows: [][]driver.Value{chromeRow("old", func([]driver.Value) {})}}
	if report, err := format.Chrome.ImportDatabase(t.Context(), j, d.open(t)); err != nil || len(report.Losses) > 0 ||
		strings.Contains(d.queries[1], "has_cross_site_ancestor") {
		t.Errorf("version 18: %v, %v, %q", report, err, d.queries)
	}
}

func firefoxRow(name string, edit func([]driver.Value)) []driver.Value {
	row := []driver.Value{
		"", name, "1", "example.com", "/", today.Add(time.Hour).UnixMilli(), today.Add(-time.Minute).UnixMicro(),
		today.Add(-time.Hour).UnixMicro(), int64(1), int64(0), int64(256),
	}
	edit(row)
	return row
}

func TestImportFirefox(t *testing.T) {
	d := &table{version: int64(17), rows: [][]driver.Value{
		firefoxRow("plain", func([]driver.Value) {}),
		firefoxRow("full", func(r []driver.Value) {
			r[0], r[3], r[4], r[9], r[10] = "^partitionKey=%28https%2Ctop.example%2Cf%29", ".example.com", "/x",
				int64(1), int64(0)
		}),
		firefoxRow("part", func(r []driver.Value) {
			r[0], r[10] = "^partitionKey=%28https%2Ctop.example%29",
				int64(2)
		}),
		firefoxRow("unset", func(r []driver.Value) { r[8], r[10] = int64(0), int64(0) }),
		firefoxRow("lax", func(r []driver.Value) { r[10] = int64(1) }),
		firefoxRow("container", func(r []driver.Value) { r[0] = "^userContextId=1" }),
		firefoxRow("both", func(r []driver.Value) { r[0] = "^userContextId=1&partitionKey=%28https%2Ctop.example%29" }),
		firefoxRow("port", func(r []driver.Value) { r[0] = "^partitionKey=%28https%2Ctop.example%2C8443%29" }),
		firefoxRow("own", func(r []driver.Value) { r[0] = "^partitionKey=%28https%2Cexample.com%29" }),
		firefoxRow("framed", func(r []driver.Value) { r[0] = "^partitionKey=%28https%2Cexample.com%2Cf%29" }),
		firefoxRow("tcp", func(r []driver.Value) { r[0], r[8] = "^partitionKey=%28http%2Ctop.example%29", int64(0) }),
		firefoxRow("private", func(r []driver.Value) { r[0] = "^privateBrowsingId=1" }),
		firefoxRow("odd", func(r []driver.Value) { r[0] = "^geckoViewSessionContextId=x" }),
	}}
	j := newJar(jar.Firefox)
	report, err := format.Firefox.ImportDatabase(t.Context(), j, d.open(t))
	lost := []string{
		`left out: row 6: "container" of example.com: it belongs to the container 1`,
		`left out: row 7: "both" of example.com: it belongs to the container 1`,
		`changed: row 8: "port" of example.com: the port of its partition is lost`,
		`left out: row 11: "tcp" of example.com: it is partitioned by Firefox under http://top.example ` +
			`(Total Cookie Protection) and not Secure; other browsers have no such partition`,
		`left out: row 12: "private" of example.com: it belongs to a private window`,
		`left out: row 13: "odd" of example.com: it is kept apart by "geckoViewSessionContextId"`,
	}
	if got := texts(report.Losses); err != nil || !slices.Equal(got, lost) {
		t.Fatalf("%q, %v", got, err)
	}
	created, used, expires := today.Add(-time.Hour), today.Add(-time.Minute), today.Add(time.Hour)
	base := jar.Cookie{Value: "1", Domain: "example.com", HostOnly: true, Path: "/", Secure: true, Created: created,
		LastAccess: used, Expires: expires}
	edit := func(name string, f func(*jar.Cookie)) jar.Cookie { c := base; c.Name = name; f(&c); return c }
	framed := jar.Partition{TopLevelSite: "https://top.example", CrossSiteAncestor: true}
	want := []jar.Cookie{
		edit("plain", func(*jar.Cookie) {}),
		edit("full", func(c *jar.Cookie) {
			c.HostOnly, c.Path, c.HttpOnly, c.SameSite = false, "/x", true, cookie.SameSiteNone
			c.Partition = jar.Partition{TopLevelSite: "https://top.example", CrossSiteAncestor: true}
		}),
		edit("part", func(c *jar.Cookie) {
			c.SameSite, c.Partition = cookie.SameSiteStrict, framed
		}),
		edit("unset", func(c *jar.Cookie) { c.Secure = false }),
		edit("lax", func(c *jar.Cookie) { c.SameSite = cookie.SameSiteLax }),
		edit("port", func(c *jar.Cookie) { c.Partition = framed }),
		edit("own", func(c *jar.Cookie) { c.Partition = jar.Partition{TopLevelSite: "https://example.com"} }),
		edit("framed", func(c *jar.Cookie) {
			c.Partition = jar.Partition{TopLevelSite: "https://example.com", CrossSiteAncestor: true}
		}),
	}
	if got := j.All(); !slices.EqualFunc(got, want, same) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	contained := newJar(jar.Firefox)
	report, err = format.Firefox.With(format.Options{Container: 1}).ImportDatabase(t.Context(), contained, d.open(t))
	if err != nil || report.Read != 2 || len(contained.All()) != 2 {
		t.Errorf("container 1: %+v, %v", report, err)
	}

	seconds := &table{version: int64(15), rows: [][]driver.Value{firefoxRow("old",
		func(r []driver.Value) { r[5] = expires.Unix() })}}
	if _, err := format.Firefox.ImportDatabase(t.Context(), j, seconds.open(t)); err != nil ||
		j.All()[8].Name != "old" || !j.All()[8].Expires.Equal(expires) {
		t.Errorf("version 15: %v, %+v", err, j.All())
	}
}

func TestImportDatabaseErrors(t *testing.T) {
	chrome := func(j *jar.Jar, db *sql.DB) (format.Report, error) {
		return format.Chrome.ImportDatabase(context.Background(), j, db)
	}
	firefox := func(j *jar.Jar, db *sql.DB) (format.Report, error) {
		return format.Firefox.ImportDatabase(context.Background(), j, db)
	}
	for _, tt := range []struct {
		load func(*jar.Jar, *sql.DB) (format.Report, error)
		db   table
		says string
	}{
		{chrome, table{}, "schema version: no such table"},
		{chrome, table{version: "new"}, "schema version: "},
		{chrome, table{version: "25"}, "schema version is 25, known are 9 to 24"},
		{chrome, table{version: "8"}, "schema version is 8"},
		{chrome, table{version: "24", rows: [][]driver.Value{chromeRow("b",
			func(r []driver.Value) { r[12] = int64(9) })}}, "row 1: priority is 9"},
		{chrome, table{version: "24", rows: [][]driver.Value{chromeRow("b",
			func(r []driver.Value) { r[13] = int64(9) })}}, "row 1: samesite is 9"},
		{chrome, table{version: "24", fail: errors.New("malformed page")}, "malformed page"},
		{firefox, table{}, "schema version: no such table"},
		{firefox, table{version: int64(18)}, "schema version is 18, known are 2 to 17"},
		{firefox, table{version: int64(16), rows: [][]driver.Value{
			firefoxRow("b", func(r []driver.Value) { r[5] = "x" })}}, "row 1: a column has a value of the wrong type"},
		{firefox, table{version: int64(16), rows: [][]driver.Value{firefoxRow("b",
			func(r []driver.Value) { r[10] = int64(7) })}}, "row 1: sameSite is 7"},
		{firefox, table{version: int64(16), fail: errors.New("malformed page")}, "malformed page"},
	} {
		j := newJar(jar.Spec)
		_, err := tt.load(j, tt.db.open(t))
		if err == nil || !strings.HasPrefix(err.Error(), "import ") || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v, want %q", err, tt.says)
		}
		if n := len(j.All()); n != 0 {
			t.Errorf("%s: %d cookies imported", tt.says, n)
		}
	}
}

// TestDamagedRows: a row that cannot be read is left out, and the others are read.
func TestDamagedRows(t *testing.T) {
	j := newJar(jar.Spec)
	d := table{version: "24", fail: errors.New("malformed page"), rows: [][]driver.Value{
		chromeRow("a", func(r []driver.Value) { r[0] = "secret" }),
		chromeRow("b", func([]driver.Value) {}),
		chromeRow("c", func(r []driver.Value) { r[4] = nil }),
	}}
	report, err := format.Chrome.ImportDatabase(t.Context(), j, d.open(t))
	if err != nil || report.Counts != (format.Counts{Read: 1, LeftOut: 2}) || len(j.All()) != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	got := strings.Join(texts(report.Losses), "\n")
	if !strings.Contains(got, "the rows that follow: malformed page") || strings.Contains(got, "secret") {
		t.Errorf("lost %s", got)
	}
}

// FuzzImportDatabase: rows with any content are taken or refused without harm.
func FuzzImportDatabase(f *testing.F) {
	f.Add("example.com", "", "a", "1", "/", int64(0), int64(0), int64(1), int64(-1))
	f.Add(".example.com", "https://a.example", "__Host-a", "\x00", "", int64(1<<62), int64(-1<<62), int64(2), int64(0))
	f.Add("::1", "^partitionKey=%28https%2Ca.example%29", "", "", "x", int64(-1), int64(9), int64(0), int64(256))
	f.Fuzz(func(t *testing.T, host, key, name, value, path string, created, expires, priority, sameSite int64) {
		chrome := &table{version: int64(24), rows: [][]driver.Value{{
			created, host, key, name, value, []byte(value), path, expires, priority & 1, sameSite & 1, created,
			expires & 1, priority, sameSite, created & 1,
		}}}
		firefox := &table{version: int64(16), rows: [][]driver.Value{{
			key, name, value, host, path, expires, created, created, priority & 1, sameSite & 1, sameSite,
		}}}
		for _, load := range []func(j *jar.Jar) error{
			func(j *jar.Jar) error {
				_, err := format.Chrome.ImportDatabase(t.Context(), j, chrome.open(t))
				return err
			},
			func(j *jar.Jar) error {
				_, err := format.Firefox.ImportDatabase(t.Context(), j, firefox.open(t))
				return err
			},
		} {
			j := newJar(jar.Spec)
			if err := load(j); err != nil && len(j.All()) > 0 {
				t.Error("half imported:", err)
			}
			for _, c := range j.All() {
				again := newJar(jar.Spec)
				if err := again.Add(c); err != nil {
					t.Errorf("%v: %v", fmt.Sprintf("%+v", c), err)
				}
			}
		}
	})
}
