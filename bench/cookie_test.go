package bench

import (
	"net/http"
	"testing"

	"coatcheck.dev/cookie"
)

// cookieHeader is what a browser sends to a shop: eight cookies, that of the session behind those of analytics.
var cookieHeader = http.Header{"Cookie": {"_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000000; " +
	"theme=dark; lang=en-GB; consent=analytics%3Dno%26ads%3Dno; cart_id=7f9c24e8b3; " +
	"__Host-session=1AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCU; recent=12,15,99"}}

// setCookieLine is what a server answers at sign-in, with every attribute in use.
const setCookieLine = "__Host-session=1AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCU; Path=/; " +
	"Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax; Partitioned"

// BenchmarkCookieLookup finds one cookie of eight by its name.
func BenchmarkCookieLookup(b *testing.B) {
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if value, n := cookie.Lookup(cookieHeader["Cookie"], "__Host-session"); n != 1 || value == "" {
				b.Fatal(value, n)
			}
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		r := &http.Request{Header: cookieHeader}
		for b.Loop() {
			if c, err := r.Cookie("__Host-session"); err != nil || c.Value == "" {
				b.Fatal(c, err)
			}
		}
	})
}

// BenchmarkCookieAll looks at all eight.
func BenchmarkCookieAll(b *testing.B) {
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for name, value := range cookie.All(cookieHeader["Cookie"]) {
				if name != "" && value != "" {
					n++
				}
			}
			if n != 8 {
				b.Fatal(n)
			}
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cookies, err := http.ParseCookie(cookieHeader["Cookie"][0])
			n := 0
			for _, c := range cookies {
				if c.Name != "" && c.Value != "" {
					n++
				}
			}
			if n != 8 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

// BenchmarkSetCookieParse parses a Set-Cookie line with eight attributes.
func BenchmarkSetCookieParse(b *testing.B) {
	b.Run("coatcheck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p := cookie.Parse(setCookieLine); p.Name != "__Host-session" || !p.Partitioned {
				b.Fatal(p)
			}
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c, err := http.ParseSetCookie(setCookieLine)
			if err != nil || c.Name != "__Host-session" || !c.Partitioned {
				b.Fatal(c, err)
			}
		}
	})
}
