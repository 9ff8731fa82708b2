package lint_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/lint"
)

func ExampleCheck() {
	responses, err := lint.ReadLines(strings.NewReader(`https://shop.example.com/
Set-Cookie: __Host-sid=1; Path=/; Secure; SameSite=Lax
`), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	lint.Check(responses, time.Now()).WriteText(os.Stdout, false)
	// Output:
	// __Host-sid  https://shop.example.com/
	//   written   __Host-sid=…; Path=/; Secure; SameSite=Lax
	//   Chrome    kept
	//   Firefox   kept
	//   Safari    kept (unverified)
	//   WebKitGTK kept
	//   stored    Domain: (not written) → shop.example.com alone
	//   stored    Expires: (not written) → the end of the browser session
	//   error     session-httponly: scripts can read what looks like a session cookie: add HttpOnly [ASVS 5.0 3.3.4; RFC 6265bis section 4.1.2.6]
	//   fix       Set-Cookie: __Host-sid=VALUE; Path=/; Secure; HttpOnly; SameSite=Lax
	//   in Go     cookie.Set(w.Header(), &cookie.Cookie{Name: "__Host-sid", Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: cookie.SameSiteLax})
	//
	// 1 cookie: 1 error, 0 warnings, 0 notes.
}

// In a test of a site, t is that of the test.
func ExampleHandler() {
	_ = func(t *testing.T) {
		lint.Handler(t, nil, lint.Get("/"), lint.PostForm("/login", "user", "ada", "password", "lovelace"))
	}
}
