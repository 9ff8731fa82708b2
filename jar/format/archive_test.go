package format_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// headers of a request, as archives have them.
func headers(pairs ...string) string {
	var list []string
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf(`{"name": %q, "value": %q}`, pairs[i], pairs[i+1]))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func entry(more, target, requestHeaders string, status int, responseHeaders string) string {
	method, target, _ := strings.Cut(target, " ")
	return fmt.Sprintf(`{%s"request": {"method": %q, "url": %q, "headers": %s},
		"response": {"status": %d, "headers": %s}}`,
		more, method, target, requestHeaders, status, responseHeaders)
}

// TestArchiveContext: what the archive tells of a request is what the jar has to know of it.
func TestArchiveContext(t *testing.T) {
	const p, chromium = `"pageref": "p", `, `"pageref": "p", "_resourceType": %q, `
	page := entry(p, "GET https://site.example/#top", headers("Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none"),
		200, "[]")
	for _, tt := range []struct {
		what    string
		entries []string
		want    string // of the last one
	}{
		{"nothing is known", []string{entry("", "GET https://site.example/", "[]", 200, "[]")}, "GET navigation"},
		{"nothing is known of the second", []string{page, entry("", "GET https://site.example/", "[]", 200, "[]")},
			"GET navigation"},
		{"the visitor", []string{page}, "GET navigation"},
		{"a form of another site", []string{entry(p, "POST https://site.example/",
			headers("sec-fetch-dest", "document", "sec-fetch-site", "cross-site", "origin",
				"https://evil.example"), 200, "[]")},
			"POST navigation by https://evil.example"},
		{"a link of somebody who does not say who", []string{entry(p, "GET https://site.example/",
			headers("Sec-Fetch-Dest", "document", "Sec-Fetch-Site",
				"cross-site"), 200, "[]")}, "GET navigation by about:blank"},
		{"an image of its own", []string{page, entry(p, "GET https://site.example/i.png",
			headers("Sec-Fetch-Dest", "image", "Sec-Fetch-Site", "same-origin", "Referer",
				"https://site.example/"), 200, "[]")},
			"GET subresource in https://site.example/"},
		{"an image of another site", []string{page, entry(p, "GET https://cdn.example/i.png",
			headers("Sec-Fetch-Dest", "image", "Sec-Fetch-Site", "cross-site", "Referer",
				"https://site.example/"), 200, "[]")},
			"GET subresource in https://site.example/ by https://site.example/"},
		{"a frame of another site", []string{page, entry(p, "GET https://frame.example/",
			headers("Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "cross-site", "Referer",
				"https://site.example/"), 200, "[]")},
			"GET frame in https://site.example/ by https://site.example/"},
		{"a fetch in a frame of another site", []string{page, entry(p, "GET https://site.example/api",
			headers("Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "cross-site", "Referer",
				"https://frame.example/"), 200, "[]")},
			"GET subresource in https://site.example/ by https://frame.example/ under https://frame.example/"},
		{"Chromium, without headers", []string{entry(fmt.Sprintf(chromium, "document"), "GET https://site.example/",
			"[]", 200, "[]"),
			entry(fmt.Sprintf(chromium, "fetch"), "GET https://api.example/", "[]", 200,
				"[]")}, "GET subresource in https://site.example/"},
		{"Chromium's frame", []string{entry(fmt.Sprintf(chromium, "document"), "GET https://site.example/", "[]", 200,
			"[]"),
			entry(fmt.Sprintf(chromium, "document"), "GET https://frame.example/", "[]", 200,
				"[]")}, "GET frame in https://site.example/"},
		{"redirects", []string{
			entry(p, "POST https://a.example/", headers("Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "cross-site",
				"Referer", "https://evil.example/"),
				302, headers("Location", "https://b.example/x#y")),
			entry(p, "GET https://elsewhere.example/", headers("Sec-Fetch-Dest", "image"), 200, "[]"),
			entry(p, "GET https://b.example/x", headers("Sec-Fetch-Dest", "document"), 307, headers("location", "/z")),
			entry(p, "GET https://b.example/z", "[]", 200, "[]")},
			"GET navigation by https://evil.example/ after https://a.example/ https://b.example/x"},
		{"a redirect that nobody followed", []string{
			entry(p, "GET https://a.example/", headers("Sec-Fetch-Dest", "document"), 302,
				headers("Location", "http://[")), page}, "GET navigation"},
	} {
		var list []format.Exchange
		err := format.ReadArchive(strings.NewReader(`{"log": {"entries": [`+strings.Join(tt.entries, ",\n")+`]}}`),
			func(x format.Exchange) { list = append(list, x) }, func(l format.Loss) { t.Errorf("%s: %v", tt.what, l) })
		if err != nil || len(list) != len(tt.entries) {
			t.Errorf("%s: %v, %d exchanges", tt.what, err, len(list))
			continue
		}
		if got := describe(&list[len(list)-1].Request); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

func describe(r *jar.Request) string {
	text := r.Method + " " + []string{"subresource", "navigation", "frame"}[r.Kind]
	for _, part := range []struct {
		word string
		urls []*url.URL
	}{{"in", []*url.URL{r.TopLevel}}, {"by", []*url.URL{r.Initiator}}, {"under", r.Ancestors}, {"after", r.Redirects}} {
		if part.urls = slices.DeleteFunc(part.urls, func(u *url.URL) bool { return u == nil }); len(part.urls) > 0 {
			text += " " + part.word
			for _, u := range part.urls {
				text += " " + u.String()
			}
		}
	}
	return text
}

// TestImportArchive: headers come before lists, are of their time, and what a browser refuses is reported.
func TestImportArchive(t *testing.T) {
	when := today.Add(-time.Hour).Format(time.RFC3339)
	text := `{"log": {"entries": [{"startedDateTime": "` + when + `", "request": {"url": "https://site.example/a/b"},
		"response": {
		"cookies": [{"name": "listed", "value": "1"}],
		"headers": [{"name": "Set-Cookie", "value":
			"kept=1; Max-Age=7200; Priority=High\nover=1; Max-Age=60\nrefused=1; SameSite=None\ngone=1"},
			{"name": "set-cookie", "value": "gone=; Max-Age=0"}]}},
		{"startedDateTime": "` + when + `", "pageref": "p", "_resourceType": "image",
		"request": {"url": "https://site.example/i.png", "headers": [{"name": "Sec-Fetch-Dest", "value": "image"},
			{"name": "Sec-Fetch-Site", "value": "cross-site"}, {"name": "Referer", "value": "https://other.example/"}]},
		"response": {"headers": [{"name": "Set-Cookie", "value": "lax=1; SameSite=Lax"}]}},
		{"startedDateTime": "` + when + `", "request": {"url": "https://site.example/"},
		"response": {"cookies": [{"name": "listed", "value": "2"}]}}]}}`
	j := newJar(jar.Spec)
	report, err := format.HAR.Import(j, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`left out: line 1, entry 1, Set-Cookie 3: "refused" of site.example: a browser refuses it: ` +
			`EXCLUDE_SAMESITE_NONE_INSECURE`,
		`left out: line 7, entry 2, Set-Cookie 1: "lax" of site.example: a browser refuses it: EXCLUDE_SAMESITE_LAX`,
	}
	if got := texts(report.Losses); !slices.Equal(got, want) {
		t.Errorf("lost %q\nwant %q", got, want)
	}
	expect(t, j, at("https://site.example/a/"), "kept=1; listed=2")
	if c := j.All()[0]; c.Path != "/a" || !c.Expires.Equal(today.Add(time.Hour)) ||
		c.Priority != cookie.PriorityHigh || !c.HostOnly {
		t.Errorf("%+v", c)
	}
}
