package audit

import "testing"

// The place is that of the script, without what may be secret in its URL.
func TestCaller(t *testing.T) {
	const site = "https://shop.example/"
	for line, want := range map[string]Source{
		"    at set (https://shop.example/a.js?key=s3cret#x:12:7)": {URL: site + "a.js", Line: 12, Column: 7},
		"    at https://shop.example/:1:58":                        {URL: site, Line: 1, Column: 58},
		"    at async f (http://[::1]:80/b.mjs:3:1)":               {URL: "http://[::1]:80/b.mjs", Line: 3, Column: 1},
		"    at blob:https://shop.example/1f-2:1:2":                {URL: "blob:" + site + "1f-2", Line: 1, Column: 2},
		"    at data:text/javascript,s3cret:1:2":                   {URL: "data:…", Line: 1, Column: 2},
		"    at Array.map (<anonymous>)":                           {URL: "(unknown)"},
		"    at about:srcdoc:1:24":                                 {URL: "about:…", Line: 1, Column: 24},
		"":                                                         {URL: "(unknown)"},
	} {
		if got := caller([]string{"Error", line}); got != want {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
}

// A report names no more of a URL than its place.
func TestBare(t *testing.T) {
	for text, want := range map[string]string{
		"https://ada:s3cret@shop.example/a?b=s3cret#s3cret": "https://shop.example/a",
		"https://shop.example/?":                            "https://shop.example/",
		"data:text/html,s3cret":                             "data:…",
		"mailto:s3cret":                                     "mailto:…",
		"about:blank":                                       "about:…",
		"%zz":                                               "(no URL)",
	} {
		if got := bare(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
