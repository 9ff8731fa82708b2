package cookie_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"coatcheck.dev/cookie"
)

func ExampleLookup() {
	header := http.Header{"Cookie": {"theme=dark; ticket=abc; ticket=evil"}}

	theme, _ := cookie.Lookup(header["Cookie"], "theme")
	fmt.Println(theme)

	// Somebody planted a second one: which of the two is ours cannot be told.
	if _, n := cookie.Lookup(header["Cookie"], "ticket"); n != 1 {
		fmt.Println("tickets:", n)
	}
	// Output:
	// dark
	// tickets: 2
}

func ExampleAll() {
	header := http.Header{"Cookie": {`theme=dark; quoted="a b"; bare`}}
	for name, value := range cookie.All(header["Cookie"]) {
		fmt.Printf("%q %q\n", name, value)
	}
	// Output:
	// "theme" "dark"
	// "quoted" "\"a b\""
	// "" "bare"
}

func ExampleSet() {
	h := http.Header{}
	err := cookie.Set(h, &cookie.Cookie{
		Name: "__Host-ticket", Value: "abc", Path: "/", MaxAge: 24 * time.Hour,
		Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax,
	})
	fmt.Println(h.Get("Set-Cookie"), err)
	// Output: __Host-ticket=abc; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax <nil>
}

func ExampleCookie_Check() {
	c := cookie.Cookie{Name: "__Host-ticket", Value: "abc", Secure: true}
	err := c.Check()
	fmt.Println(err)

	var e *cookie.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code == cookie.BadPrefix)
	}
	// Output:
	// cookie "__Host-ticket": a name with the prefix __Host- needs Path=/: set it, or use the prefix __Secure-
	// true
}

func ExampleCookie_Deletion() {
	theme := cookie.Cookie{Name: "theme", Value: "dark", Path: "/", MaxAge: time.Hour}
	line, _ := theme.Deletion().Append(nil)
	fmt.Printf("%s\n", line)
	// Output: theme=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0
}

func ExampleParse() {
	p := cookie.Parse("theme=dark; Domain=.Example.com; Path=/a; Path=b; SameSite=Whatever; Expires=someday")
	fmt.Println(p.Name, p.Value, p.Domain, p.Path == "", p.Reasons.Excluded())
	for a := range p.Attributes() {
		fmt.Println(a.Name, a.Fate)
	}
	// Output:
	// theme dark example.com true false
	// Domain applies
	// Path is overridden by a later one
	// Path applies
	// SameSite applies
	// Expires cannot be parsed and is ignored
}

func ExampleReasons() {
	p := cookie.Parse("ticket=abc\x00")
	for reason := range p.Reasons.All() {
		fmt.Println(reason, reason.Excludes())
	}
	// Output: EXCLUDE_DISALLOWED_CHARACTER true
}
