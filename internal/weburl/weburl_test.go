package weburl_test

import (
	"fmt"
	"net/url"
	"testing"

	"coatcheck.dev/internal/weburl"
)

func Example() {
	u, err := weburl.Parse(`https:\\shop.example/50%off?x=%%A%%`)
	fmt.Println(u.Host, u.RawPath, u.RawQuery, err)
	// Output: shop.example /50%off x=%%A%% <nil>
}

// TestParse has what browsers make of such URLs: scheme, host, path as it is sent, query.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example":                  "https a.example / ",
		"https://a.example/50%off?x=%%A%%":   "https a.example /50%off x=%%A%%",
		"https://a.example/%%CACHEBUSTER%%/": "https a.example /%%CACHEBUSTER%%/ ",
		"https://a.example/a%2Fb":            "https a.example /a%2Fb ",
		`http:\\a.example\x\y?\`:             `http a.example /x/y \`,
		"http:a.example/x":                   "http a.example /x ",
		"https:////a.example//x":             "https a.example //x ",
		" \thttps://a.exa\nmple/a\tb \x00":   "https a.example /ab ",
		"HTTPS://A.Example:443/%7":           "https a.example:443 /%7 ",
		"https://user:p%zz@a.example/%":      "https a.example /% ",
		"https://a.example/%/../b/./c%/":     "https a.example /b/c%/ ",
		"https://a.example/%/%2e%2e/é x":     "https a.example /%C3%A9%20x ",
		"https://a.example?a b%":             "https a.example / a b%",
		"https://a.example/%?a b":            "https a.example /% a%20b",
		"http://[2001:db8::1]:8080/%":        "http [2001:db8::1]:8080 /% ",
		"https://%61.example/%":              "https a.example /% ",
		"https://sh op.example/":             "",
		"https://":                           "",
		"https:///":                          "",
		"https://a.example:99999/":           "",
		"https://a.example:x/":               "",
		"https://[::1/":                      "",
		"https://a%3Cb.example/":             "",
		"/path":                              "",
		"":                                   "",
	} {
		u, err := weburl.Parse(text)
		if got := shown(u, err); got != want {
			t.Errorf("%q is %q, want %q (%v)", text, got, want, err)
		}
	}
}

func shown(u *url.URL, err error) string {
	if err != nil {
		return ""
	}
	path := u.RawPath
	if path == "" {
		path = u.EscapedPath()
	}
	if path == "" {
		path = "/"
	}
	return fmt.Sprintf("%s %s %s %s", u.Scheme, u.Host, path, u.RawQuery)
}

func TestResolve(t *testing.T) {
	base, err := weburl.Parse("https://a.example/dir/50%/page?q")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                   "https a.example /dir/50%/page q",
		"#top":               "https a.example /dir/50%/page q",
		"?x=%":               "https a.example /dir/50%/page x=%",
		"next":               "https a.example /dir/50%/next ",
		"../up%":             "https a.example /dir/up% ",
		"/50%off":            "https a.example /50%off ",
		`\50%off`:            "https a.example /50%off ",
		`//b.example/%`:      "https b.example /% ",
		`\\b.example`:        "https b.example / ",
		"http://c.example/x": "http c.example /x ",
		" /a b ":             "https a.example /a%20b ",
		"a:b/c":              "",
		"https://":           "",
	} {
		if want == "" {
			if u, err := weburl.Resolve(base, text); err == nil && u.Host != "" {
				t.Errorf("%q is %v", text, u)
			}
			continue
		}
		u, err := weburl.Resolve(base, text)
		if got := shown(u, err); got != want {
			t.Errorf("%q is %q, want %q (%v)", text, got, want, err)
		}
	}
}

// FuzzParse: whatever it takes has a host, and is taken again as the same.
func FuzzParse(f *testing.F) {
	f.Add("https://a.example/50%off?x=%%A%%", "../x%")
	f.Add(`http:\\user@[::1]:80\x`, "//b")
	f.Fuzz(func(t *testing.T, text, reference string) {
		u, err := weburl.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return
		}
		if u.Host == "" {
			t.Fatalf("%q has no host", text)
		}
		if next, err := weburl.Resolve(u, reference); err == nil && next.Host == "" && next.Scheme == "https" {
			t.Fatalf("%q in %q has no host", reference, text)
		}
	})
}
