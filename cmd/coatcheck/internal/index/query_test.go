package index_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/index"
)

// What is wrong in a query is said with the field, what was given, and what to write; the good fields stay.
func TestWrongFieldsAreNamed(t *testing.T) {
	for _, c := range []struct{ text, field, want string }{
		{"address=10.0.0", "address", "192.0.2.0/24"},
		{"address=fe80::%25eth0/64", "address", "2001:db8::1"},
		{"address=10.0.0.0/33", "address", "192.0.2.0/24"},
		{"address=::ffff:10.0.0.0/8", "address", "192.0.2.0/24"},
		{"handle=*", "handle", "22 letters"},
		{"handle=" + strings.Repeat("A", 23), "handle", "22 letters"},
		{"handle=" + strings.Repeat("A", 21) + "B", "handle", "22 letters"},
		{"signed_in=1", "signed_in", "yes or no"},
		{"remembered=maybe", "remembered", "yes or no"},
		{"level=high", "level", "a number, such as 2"},
		{"created_after=yesterday", "created_after", "2026-11-24"},
		{"seen_before=5", "seen_before", "30m, 2h"},
		{"ends_after=99999999d", "ends_after", "30m, 2h"},
		{"created_after=2026-02-30", "created_after", "2026-11-24"},
		{"sort=colour", "sort", "created, seen, ends"},
		{"user=" + strings.Repeat("u", 256), "user", "longer than 255 bytes"},
		{"method=a&method=b", "method", "more than once"},
	} {
		values, _ := url.ParseQuery(c.text + "&name=ada")
		q, err := index.Parse(values)
		var wrong *index.FieldError
		if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %s that says %q", c.text, err, c.field, c.want)
		}
		if q != (index.Query{Name: "ada"}) {
			t.Errorf("%s: the query is %+v", c.text, q)
		}
	}
}

func TestQueriesAreURLs(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"user=&name=&sort=":      "",
		"other=1&user=Ada":       "user=Ada",
		"sort=-created":          "",
		"sort=created":           "sort=created",
		"sort=-seen":             "sort=-seen",
		"address=192.0.2.7/24":   "address=192.0.2.0%2F24",
		"address=192.0.2.7/32":   "address=192.0.2.7",
		"address=::FFFF:1.2.3.4": "address=1.2.3.4",
		"address=fe80::1%25eth0": "address=fe80%3A%3A1",
		"created_after= 2h ":     "created_after=2h",
		"level=-1":               "level=-1",
	} {
		values, _ := url.ParseQuery(text)
		q, err := index.Parse(values)
		if got := q.Values().Encode(); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

// A query that can be read is written as a URL that is read as the same query.
func FuzzQuery(f *testing.F) {
	f.Add("user=ada&name=a&handle=AAAA&address=10.0.0.0/8&browser=fire&label=x&method=m&level=2&sort=-seen")
	f.Add("signed_in=yes&remembered=no&bound=yes&created_after=2h&created_before=2026-11-24&ends_before=1w")
	f.Add("seen_after=2026-11-24T15:04:05.123456789%2B01:00&address=2001:db8::/32&handle=__________________")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := index.Parse(values)
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		again, err := index.Parse(q.Values())
		if err != nil || again != q {
			t.Errorf("%+v is read as %+v, %v", q, again, err)
		}
	})
}
