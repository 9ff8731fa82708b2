package cookie_test

import (
	"testing"
	"time"

	"coatcheck.dev/cookie"
)

func TestParseDate(t *testing.T) {
	for _, tt := range []struct {
		in, want string // RFC 3339; "" is no date
		chromium string // where it differs
	}{
		{in: "Wed, 25 Apr 2007 21:02:13 GMT", want: "2007-04-25T21:02:13Z"},
		{in: "Wednesday, 25-Apr-07 21:02:13 GMT", want: "2007-04-25T21:02:13Z"},
		{in: "Wed Apr 25 21:02:13 2007", want: "2007-04-25T21:02:13Z"},
		{in: "Wed Apr 25 2007 21:02:13 GMT-0700 (Pacific Daylight Time)", want: "2007-04-25T21:02:13Z"},
		{in: "25/april\\07{21:2:13}", want: "2007-04-25T21:02:13Z"},
		{in: "21:02:13x 25th APRIL 2007ad", want: "2007-04-25T21:02:13Z"},
		{in: "1 jan 70 0:0:0", want: "1970-01-01T00:00:00Z"},
		{in: "1 jan 69 0:0:0", want: "2069-01-01T00:00:00Z"},
		{in: "1 jan 99 0:0:0", want: "1999-01-01T00:00:00Z"},
		{in: "1 jan 00 0:0:0", want: "2000-01-01T00:00:00Z"},
		{in: "29 feb 2024 0:0:0", want: "2024-02-29T00:00:00Z"},
		{in: "29 feb 2023 0:0:0"},
		{in: "31 apr 2024 0:0:0"},
		{in: "0 jan 2024 0:0:0"},
		{in: "32 jan 2024 0:0:0"},
		{in: "1 jan 2024 24:0:0"},
		{in: "1 jan 2024 0:60:0"},
		{in: "1 jan 2024 0:0:60"},
		{in: "1 jan 1601 0:0:0", want: "1601-01-01T00:00:00Z"},
		{in: "1 jan 1600 0:0:0", chromium: "1600-01-01T00:00:00Z"},
		{in: "1 jan 100 0:0:0", chromium: "0100-01-01T00:00:00Z"},
		{in: "1 jan 20240 0:0:0", chromium: "20240-01-01T00:00:00Z"},
		{in: "1 jan 202400 0:0:0"},
		{in: "1 jan 2 0:0:0"},
		{in: "001 jan 2024 0:0:0"},
		{in: "1 jan 2024"},
		{in: "1 jan 2024 0:0"},
		{in: "1 jan 2024 000:0:0"},
		{in: "1 jan 2024 0:0:000"},
		{in: "jan 2024 0:0:0"},
		{in: "1 2024 0:0:0"},
		{in: "1 jan 0:0:0"},
		{in: ""},
		{in: "1 ja 2024 0:0:0"},
	} {
		for _, way := range []struct {
			name, want string
			parse      func(string) (time.Time, bool)
		}{
			{"ParseDate", tt.want, cookie.ParseDate},
			{"ParseDateChromium", max(tt.want, tt.chromium), cookie.ParseDateChromium},
		} {
			got, ok := way.parse(tt.in)
			if ok != (way.want != "") || ok && got.Format(time.RFC3339) != way.want {
				t.Errorf("%s(%q) = %v, %v, want %q", way.name, tt.in, got, ok, way.want)
			}
		}
	}
}

// FuzzDate checks that every date that is read is read as the same one after it has been written.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"Wed, 25 Apr 2007 21:02:13 GMT", "1 jan 70 0:0:0", "29-feb-00 1:2:3", "::: 99 99 99",
		"31 dec 9999 23:59:59"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := cookie.ParseDate(s)
		if c, chromium := cookie.ParseDateChromium(s); ok && (!chromium || !c.Equal(d)) {
			// A number of five digits can be the year for Chromium where the standard goes on to the next.
			if c.Year() < 10000 && c.Year() >= 1601 {
				t.Errorf("%q: %v, and %v, %v for Chromium", s, d, c, chromium)
			}
		}
		if !ok {
			return
		}
		written := d.Format("Mon, 02 Jan 2006 15:04:05 GMT")
		if again, ok := cookie.ParseDate(written); !ok || !again.Equal(d) {
			t.Errorf("%q: %q is %v, %v", s, written, again, ok)
		}
	})
}
