package cookie_test

import (
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/cookie"
)

type pair struct{ name, value string }

func all(header ...string) []pair {
	var got []pair
	for n, v := range cookie.All(header) {
		got = append(got, pair{n, v})
	}
	return got
}

func equal(a, b []pair) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAll(t *testing.T) {
	for _, tt := range []struct {
		why    string
		header []string
		want   []pair
	}{
		{"nothing", nil, nil},
		{"an empty line", []string{""}, nil},
		{"one", []string{"a=1"}, []pair{{"a", "1"}}},
		{"order and duplicates are kept", []string{"b=2; a=1; b=3"}, []pair{{"b", "2"}, {"a", "1"}, {"b", "3"}}},
		{"lines follow each other (HTTP/2 may split)", []string{"a=1; b=2", "c=3"},
			[]pair{{"a", "1"}, {"b", "2"}, {"c", "3"}}},
		{"no space after the separator", []string{"a=1;b=2"}, []pair{{"a", "1"}, {"b", "2"}}},
		{"spaces and tabs around a pair", []string{" \ta=1\t ;\t b=2 "}, []pair{{"a", "1"}, {"b", "2"}}},
		{"spaces around = belong to name and value", []string{"a = 1"}, []pair{{"a ", " 1"}}},
		{"other white space is not trimmed", []string{"\ra=1\n"}, []pair{{"\ra", "1\n"}}},
		{"empty pairs", []string{"; ;; a=1;"}, []pair{{"a", "1"}}},
		{"empty value", []string{"a="}, []pair{{"a", ""}}},
		{"only the first = splits", []string{"a=b=c=="}, []pair{{"a", "b=c=="}}},
		{"no = is a cookie without name", []string{"abc; =def"}, []pair{{"", "abc"}, {"", "def"}}},
		{"neither name nor value", []string{"="}, []pair{{"", ""}}},
		{"quotes stay, and hide nothing", []string{`a="x; b=y"`}, []pair{{"a", `"x`}, {"b", `y"`}}},
		{"no byte is decoded or refused", []string{"a=%20+\xff\x00é"}, []pair{{"a", "%20+\xff\x00é"}}},
	} {
		if got := all(tt.header...); !equal(got, tt.want) {
			t.Errorf("%s: All(%q) = %q, want %q", tt.why, tt.header, got, tt.want)
		}
	}
}

func TestAllStops(t *testing.T) {
	n := 0
	for range cookie.All([]string{"a=1; b=2", "c=3"}) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("went on to %d pairs after break", n)
	}
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		why    string
		header []string
		name   string
		value  string
		n      int
	}{
		{"absent", []string{"a=1; b=2"}, "c", "", 0},
		{"no header", nil, "a", "", 0},
		{"first", []string{"a=1; b=2"}, "a", "1", 1},
		{"last", []string{"a=1; b=2"}, "b", "2", 1},
		{"no space", []string{"a=1;b=2;c=3"}, "b", "2", 1},
		{"empty value", []string{"a=; b=2"}, "a", "", 1},
		{"duplicates: the first, counted", []string{"a=1; b=2; a=3"}, "a", "1", 2},
		{"duplicates over lines", []string{"b=2", "a=1", "a="}, "a", "1", 2},
		{"the end of another name", []string{"xa=1; a=2"}, "a", "2", 1},
		{"the beginning of another name", []string{"ab=1; a=2"}, "a", "2", 1},
		{"within a value", []string{"b=a=1; c=x a=2"}, "a", "", 0},
		{"within a quoted value: quotes hide nothing", []string{`b="x; a=1"`}, "a", `1"`, 1},
		{"case matters", []string{"A=1"}, "a", "", 0},
		{"a space before = belongs to the name", []string{"a =1; a=2"}, "a", "2", 1},
		{"such a name can be asked for", []string{"a =1; a=2"}, "a ", "1", 1},
		{"the value is trimmed at its end only", []string{"a= 1\t ; b=2"}, "a", " 1", 1},
		{"without = it is no name", []string{"a; b=1"}, "a", "", 0},
		{"cookies without name", []string{"x=1; abc; =def"}, "", "abc", 2},
		{"underscores", []string{"_a=1; __a=2; a=3; ___a=4"}, "__a", "2", 1},
		{"nothing but underscores", []string{"_=1; __=2; ___=3"}, "__", "2", 1},
		{"names that overlap themselves", []string{"aaaa=1; aa=2"}, "aa", "2", 1},
		{"many near misses", []string{"ab=1; ac=2; ad=3; ae=ab; x=a; a=4"}, "a", "4", 1},
		{"a name with =", []string{"a=b=c"}, "a=b", "", 0},
		{"a name with ;", []string{"x;a=1"}, "x;a", "", 0},
		{"a name that begins with a space", []string{"x=1; a=1"}, " a", "", 0},
	} {
		if value, n := cookie.Lookup(tt.header, tt.name); value != tt.value || n != tt.n {
			t.Errorf("%s: Lookup(%q, %q) = %q, %d, want %q, %d", tt.why, tt.header, tt.name, value, n, tt.value, tt.n)
		}
	}
}

// LookupBoth finds what two Lookups do, whatever the names have in common.
func TestLookupBoth(t *testing.T) {
	for _, tt := range []struct {
		why    string
		header []string
		a, b   string
	}{
		{"a session and its guard", []string{"theme=x; __Host-s=1; __Host-s-bound=2"}, "__Host-s", "__Host-s-bound"},
		{"in the other order", []string{"__Host-s-bound=2; __Host-s=1"}, "__Host-s", "__Host-s-bound"},
		{"the longer one first", []string{"__Host-s-bound=2; __Host-s=1"}, "__Host-s-bound", "__Host-s"},
		{"duplicates of both, over lines", []string{"_s=1;_t=2", " _t=3 ; _s=", "_s=H_s=4"}, "_s", "_t"},
		{"one alone", []string{"sid=1; side=2"}, "sid", "sides"},
		{"no name in common", []string{"a=1; b=2; a=3"}, "a", "b"},
		{"unlike underscores", []string{"_a=1; __a=2; a=3"}, "_a", "__a"},
		{"the same name", []string{"a=1; a=2"}, "a", "a"},
		{"within a value", []string{"x=__Host-s=1; __Host-s=2"}, "__Host-s", "__Host-t"},
		{"nothing but underscores", []string{"_=1; __=2"}, "_", "__"},
		{"no header", nil, "a", "b"},
	} {
		a, b := cookie.LookupBoth(tt.header, tt.a, tt.b)
		for _, c := range []struct {
			name string
			got  cookie.Found
		}{{tt.a, a}, {tt.b, b}} {
			if value, n := cookie.Lookup(tt.header, c.name); c.got.Value != value || c.got.N != n {
				t.Errorf("%s: %q in %q: %+v, want %q, %d", tt.why, c.name, tt.header, c.got, value, n)
			}
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	header := []string{typicalHeader}
	if n := testing.AllocsPerRun(100, func() { cookie.Lookup(header, "__Host-ticket") }); n != 0 {
		t.Errorf("Lookup allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { cookie.LookupBoth(header, "__Host-ticket", "__Host-t") }); n != 0 {
		t.Errorf("LookupBoth allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		for name, value := range cookie.All(header) {
			_, _ = name, value
		}
	}); n != 0 {
		t.Errorf("All allocates %v times", n)
	}
}

// FuzzHeader holds Lookup and LookupBoth, which search, to All, which walks.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"a=1; b=2", " a = 1;;a=2", "aa=a=a;a=1", "__a=1;_a=2; a=3", "=;a", "a\x00=\xff; a=",
		typicalHeader} {
		f.Add(s, "x=1", "a")
	}
	f.Add("__=1; _=_=", "_", "__")
	f.Add("a;b=1;a=b=c", "", "a;b")
	f.Add("a=b=c", " a=b=c", "a=b")
	f.Fuzz(func(t *testing.T, line1, line2, name string) {
		header := []string{line1, line2}
		wantValue, wantN := "", 0
		for n, v := range cookie.All(header) {
			if strings.Contains(n, "=") || strings.Contains(n+v, ";") {
				t.Errorf("All(%q) yields %q, %q", header, n, v)
			}
			if n == name {
				if wantN == 0 {
					wantValue = v
				}
				wantN++
			}
		}
		if value, n := cookie.Lookup(header, name); value != wantValue || n != wantN {
			t.Errorf("Lookup(%q, %q) = %q, %d, and All has %q, %d", header, name, value, n, wantValue, wantN)
		}
		if name == "" || strings.ContainsAny(name, "=;") || name[0] == ' ' || name[0] == '\t' {
			return
		}
		for _, other := range []string{name + "b", name[:1], "__Host-session"} {
			a, b := cookie.LookupBoth(header, name, other)
			if value, n := cookie.Lookup(header, other); a != (cookie.Found{Value: wantValue, N: wantN}) ||
				b != (cookie.Found{Value: value, N: n}) {
				t.Errorf("LookupBoth(%q, %q, %q) = %+v, %+v", header, name, other, a, b)
			}
		}
	})
}

// typicalHeader is what a shop's visitor sends: 8 cookies, two of them from analytics.
const typicalHeader = "_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000000; theme=dark; lang=en-GB; " +
	"consent=all; " +
	"__Host-ticket=1.AbCdEfGhIjKlMnOpQrStUv.0123456789abcdefghijklmnopqrstuv; csrftoken=K7h2j1sd8f7sd6f5sd4f3sd2f1; " +
	"recently=1,2,3,4,5,6"

func BenchmarkLookup(b *testing.B) {
	for _, bb := range []struct{ name, header, cookie string }{
		{"typical", typicalHeader, "__Host-ticket"},
		{"frequent-letters", strings.Replace(typicalHeader, "__Host-ticket", "session", 1), "session"},
		{"short", "a1=1; b2=2; c3=3; d4=4; e5=5; sid=abcdefghijklmnop; g7=7; h8=8", "sid"},
		{"absent", typicalHeader, "absent"},
	} {
		header := []string{bb.header}
		b.Run(bb.name+"/coatcheck", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cookie.Lookup(header, bb.cookie)
			}
		})
		r := &http.Request{Header: http.Header{"Cookie": header}}
		b.Run(bb.name+"/nethttp", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = r.Cookie(bb.cookie)
			}
		})
	}
}

func BenchmarkAll(b *testing.B) {
	header := []string{typicalHeader}
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for name, value := range cookie.All(header) {
				_, _ = name, value
			}
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = http.ParseCookie(typicalHeader)
		}
	})
}
