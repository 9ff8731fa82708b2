package jar_test

import (
	"net/http"
	"slices"
	"testing"

	"coatcheck.dev/jar"
)

// What Clear-Site-Data leaves, as seen with Chromium 156 and Firefox 153. The names of cookies say where they are from:
// s of site.example, d for all its hosts, w of www.site.example, p partitioned there, o of a frame of another site.
func TestClearSiteData(t *testing.T) {
	frame := func(u string) *jar.Request {
		return &jar.Request{URL: mustURL(u), Kind: jar.FrameNavigation, TopLevel: mustURL("https://other.example/"),
			Initiator: mustURL("https://other.example/")}
	}
	const site, www = "https://site.example/", "https://www.site.example/"
	for _, tt := range []struct {
		why             string
		from            *jar.Request
		header          string
		chrome, firefox []string
	}{
		{"the site", at(site), `"cookies"`, []string{"o"}, []string{"o", "p", "w"}},
		{"everything", at(site), `"*"`, []string{"o"}, []string{"o", "p", "w"}},
		{"among others", at(site), `"cache", "cookies"`, []string{"o"}, []string{"o", "p", "w"}},
		{"a host", at(www), `"cookies"`, []string{"o"}, []string{"d", "o", "p", "s"}},
		{"without quotes", at(site), `cookies`, []string{"d", "new", "o", "p", "s", "w"},
			[]string{"d", "new", "o", "p", "s", "w"}},
		{"over http", at("http://site.example/"), `"cookies"`, []string{"d", "o", "p", "s", "w"},
			[]string{"d", "new", "o", "p", "s", "w"}},
		{"a frame", frame(site), `"cookies"`, []string{"p"}, []string{"d", "p", "s", "w"}},
	} {
		for profile, want := range map[jar.Profile][]string{jar.Chrome: tt.chrome, jar.Firefox: tt.firefox} {
			j := jar.New(jar.Options{Profile: profile})
			for _, set := range []struct {
				r    *jar.Request
				line string
			}{
				{at(site), "s=1"}, {at(site), "d=1; Domain=site.example"}, {at(www), "w=1"},
				{at(www), "p=1; Secure; Partitioned"}, {frame(site), "o=1; Secure; SameSite=None; Partitioned"},
			} {
				if why := j.Set(set.r, set.line); why.Excluded() {
					t.Fatal(set.line, why)
				}
			}
			j.Receive(tt.from, http.Header{"Set-Cookie": {"new=1; Path=/new"}, "Clear-Site-Data": {tt.header}})
			var left []string
			for _, c := range j.All() {
				left = append(left, c.Name)
			}
			slices.Sort(left)
			if !slices.Equal(left, want) {
				t.Errorf("%s: %v: left %q, want %q", tt.why, profile, left, want)
			}
		}
	}
}
