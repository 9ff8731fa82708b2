package bench

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"golang.org/x/net/publicsuffix"

	"coatcheck.dev/jar"
)

// jars are the stores of cookies, each with the list of public suffixes, as a browser has it.
var jars = []struct {
	name string
	make func() http.CookieJar
}{
	{"coatcheck", func() http.CookieJar { return jar.New(jar.Options{}) }},
	{"nethttp", func() http.CookieJar {
		j, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
		must(err)
		return j
	}},
}

// BenchmarkJarCookies finds the ten cookies of one page among those of so many hosts.
func BenchmarkJarCookies(b *testing.B) {
	for _, hosts := range []int{10, 10_000} {
		for _, kind := range jars {
			b.Run(fmt.Sprintf("hosts=%d/%s", hosts, kind.name), func(b *testing.B) {
				j := kind.make()
				page := fill(j, hosts)
				b.ReportAllocs()
				for b.Loop() {
					if n := len(j.Cookies(page)); n != 10 {
						b.Fatal(n)
					}
				}
			})
		}
	}
}

// fill stores ten cookies for one page, and one for each of the other hosts.
func fill(j http.CookieJar, hosts int) (page *url.URL) {
	page = &url.URL{Scheme: "https", Host: "www.example.com", Path: "/shop/cart"}
	for i := range 10 {
		j.SetCookies(page, []*http.Cookie{{Name: fmt.Sprintf("name%d", i), Value: "some-value-of-a-cookie", Path: "/"}})
	}
	for i := range hosts - 1 {
		u := &url.URL{Scheme: "https", Host: fmt.Sprintf("www.host%d.example", i), Path: "/"}
		j.SetCookies(u, []*http.Cookie{{Name: "a", Value: "1"}})
	}
	return page
}

// BenchmarkJarSet replaces one cookie of ten by one that a client has read from a response.
func BenchmarkJarSet(b *testing.B) {
	for _, kind := range jars {
		b.Run(kind.name, func(b *testing.B) {
			j := kind.make()
			page := fill(j, 10)
			c, err := http.ParseSetCookie("name3=another-value; Path=/; Max-Age=3600; HttpOnly; Secure")
			if err != nil {
				b.Fatal(err)
			}
			cookies := []*http.Cookie{c}
			b.ReportAllocs()
			for b.Loop() {
				j.SetCookies(page, cookies)
			}
		})
	}
}
