package jar_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

func ExampleNew() {
	// As the jar of an http.Client.
	client := &http.Client{Jar: jar.New(jar.Options{})}
	fmt.Println(client.Jar != nil)
	// Output: true
}

func ExampleTransport() {
	// As a transport, which sees raw lines, request contexts and redirects, and says what became of each line.
	j := jar.New(jar.Options{Profile: jar.Chrome})
	client := &http.Client{Transport: &jar.Transport{
		Jar: j,
		OnSet: func(r *jar.Request, line string, why cookie.Reasons) {
			if why.Excluded() {
				fmt.Println(r.URL, line, why)
			}
		},
	}}
	_ = client
}

func ExampleJar_Set() {
	j := jar.New(jar.Options{})
	u, _ := url.Parse("http://shop.example/")
	fmt.Println(j.Set(&jar.Request{URL: u}, "theme=dark; Path=/").Excluded())
	fmt.Println(j.Set(&jar.Request{URL: u}, "ticket=abc; Secure"))
	fmt.Println(j.Header(&jar.Request{URL: u}))
	// Output:
	// false
	// EXCLUDE_SECURE_ONLY WARN_TENTATIVELY_ALLOWING_SECURE_SOURCE_SCHEME
	// theme=dark
}

func ExampleProfile_Decide() {
	shop, _ := url.Parse("https://shop.example/")
	blog, _ := url.Parse("https://blog.example/")
	line := cookie.Parse("ticket=abc; Max-Age=99999999")
	embedded := &jar.Request{URL: shop, TopLevel: blog}
	for _, profile := range []jar.Profile{jar.Chrome, jar.Firefox} {
		stored, why := profile.Decide(&line, embedded, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		fmt.Println(profile, why.Exclusions(), stored.Expires.Format(time.DateOnly))
	}
	// Output:
	// Chrome EXCLUDE_SAMESITE_UNSPECIFIED_TREATED_AS_LAX 2027-02-05
	// Firefox  2027-02-05
}
