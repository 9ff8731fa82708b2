package jar_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"golang.org/x/net/publicsuffix"

	"coatcheck.dev/jar"
)

// fill stores ten cookies for www.example.com and one for each other host.
func fill(hosts int, set func(u *url.URL, c *http.Cookie)) *url.URL {
	u := mustURL("https://www.example.com/shop/cart")
	for i := range 10 {
		set(u, &http.Cookie{Name: fmt.Sprintf("name%d", i), Value: "some-value-of-a-cookie", Path: "/",
			Raw: fmt.Sprintf("name%d=some-value-of-a-cookie; Path=/", i)})
	}
	for i := range hosts - 1 {
		set(mustURL(fmt.Sprintf("https://www.host%d.example/", i)), &http.Cookie{Name: "a", Value: "1", Raw: "a=1"})
	}
	return u
}

func BenchmarkCookies(b *testing.B) {
	for _, hosts := range []int{10, 10000} {
		b.Run(fmt.Sprintf("hosts=%d/coatcheck", hosts), func(b *testing.B) {
			j := jar.New(jar.Options{})
			u := fill(hosts, func(u *url.URL, c *http.Cookie) { j.SetCookies(u, []*http.Cookie{c}) })
			b.ReportAllocs()
			for b.Loop() {
				if n := len(j.Cookies(u)); n != 10 {
					b.Fatal(n)
				}
			}
		})
		b.Run(fmt.Sprintf("hosts=%d/nethttp", hosts), func(b *testing.B) {
			j, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
			u := fill(hosts, func(u *url.URL, c *http.Cookie) { j.SetCookies(u, []*http.Cookie{c}) })
			b.ReportAllocs()
			for b.Loop() {
				if n := len(j.Cookies(u)); n != 10 {
					b.Fatal(n)
				}
			}
		})
	}
}

func BenchmarkHeader(b *testing.B) {
	j := jar.New(jar.Options{})
	u := fill(10, func(u *url.URL, c *http.Cookie) { j.SetCookies(u, []*http.Cookie{c}) })
	b.ReportAllocs()
	for b.Loop() {
		j.Header(&jar.Request{URL: u})
	}
}

func BenchmarkSet(b *testing.B) {
	u := mustURL("https://www.example.com/")
	c := &http.Cookie{Name: "a", Value: "1", Path: "/", Domain: "example.com", MaxAge: 3600,
		Raw: "a=1; Path=/; Domain=example.com; Max-Age=3600"}
	b.Run("coatcheck", func(b *testing.B) {
		j := jar.New(jar.Options{})
		b.ReportAllocs()
		for b.Loop() {
			j.SetCookies(u, []*http.Cookie{c})
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		j, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
		b.ReportAllocs()
		for b.Loop() {
			j.SetCookies(u, []*http.Cookie{c})
		}
	})
}

func newCookieJar(tb testing.TB) *cookiejar.Jar {
	tb.Helper()
	j, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		tb.Fatal(err)
	}
	return j
}
