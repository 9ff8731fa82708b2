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
		cookie.ParseDateFirefox(s)
		soup := cookie.ParseLibsoup("a=1; Expires=" + s)
		soup.ExpiryLibsoup(time.Unix(0, 0))
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

// What Firefox takes for a date, by the rules of its parser, which were compared with Firefox 153 itself.
func TestParseDateFirefox(t *testing.T) {
	for in, want := range map[string]string{
		"Wed, 25 Apr 2007 21:02:13 GMT":                             "2007-04-25T21:02:13Z",
		"Wednesday, 25-Apr-07 21:02:13 GMT":                         "2007-04-25T21:02:13Z",
		"Wed Apr 25 21:02:13 2007":                                  "2007-04-25T21:02:13Z",
		"Wed Apr 25 2007 21:02:13 GMT-0700 (Pacific Daylight Time)": "2007-04-26T04:02:13Z",
		"25 Apr 2007 21:02:13 GMT+0100 (CET)":                       "2007-04-25T20:02:13Z",
		"25 Apr 2007 21:02:13 +02":                                  "2007-04-25T19:02:13Z",
		"25 Apr 2007 21:02:13 EST":                                  "2007-04-26T02:02:13Z",
		"25 Apr 2007 21:02:13 PDT+0300":                             "2007-04-26T04:02:13Z",
		"25 Apr 2007 21:02:13 UT":                                   "2007-04-25T21:02:13Z",
		"25 Apr 2007 09:02 pm":                                      "2007-04-25T21:02:00Z",
		"25 Apr 2007 12:02 AM":                                      "2007-04-25T00:02:00Z",
		"25 Apr 2007":                                               "2007-04-25T00:00:00Z",
		"04/25/07 21:02:13":                                         "2007-04-25T21:02:13Z",
		"25/04/2007 21:02:13":                                       "2007-04-25T21:02:13Z",
		"97-04-25":                                                  "1997-04-25T00:00:00Z",
		"31 feb 2060 0:0:0":                                         "2060-03-02T00:00:00Z",
		"1 jan 1500 0:0:0":                                          "1500-01-01T00:00:00Z",
		"1 jan 20270 0:0:0":                                         "20270-01-01T00:00:00Z",
		"1 jan 99999 0:0:0":                                         "",
		"2007-04-25":                                                "",
		"13/13/2007":                                                "",
		"25th Apr 2007":                                             "",
		"Apr 2007":                                                  "",
		"0":                                                         "",
		"":                                                          "",
	} {
		got, ok := cookie.ParseDateFirefox(in)
		text := ""
		if ok {
			text = got.Format("2006-01-02T15:04:05Z")
		}
		if text != want {
			t.Errorf("%q: %q, want %q", in, text, want)
		}
	}
}
