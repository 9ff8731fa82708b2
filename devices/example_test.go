package devices_test

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"coatcheck.dev/devices"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// The page is seen and used by those who have signed in within the last ten minutes; others sign in again first.
func ExampleHandler() {
	sessions := session.New(memory.New(), session.Options{SignInPath: "/login"})
	mux := http.NewServeMux()
	mux.Handle("/devices/", sessions.RequireRecent(10*time.Minute, devices.Handler(sessions, devices.Options{})))
	site := sessions.Handler(mux)

	r := httptest.NewRequest("GET", "https://shop.example/devices/", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 /login?return_to=%2Fdevices%2F
}

// An app's own page, in its own language.
func ExampleOptions() {
	page := template.Must(template.New("").Parse(`<h1>Geräte von {{.User}}</h1>
{{range .Devices}}<form method="post" action="{{$.Path}}">{{$.Field}}{{.Name}} <button name="end" value="{{.Handle}}">Abmelden</button></form>
{{end}}`))
	sessions := session.New(memory.New(), session.Options{})
	mux := http.NewServeMux()
	mux.Handle("/geraete/", sessions.Require(devices.Handler(sessions, devices.Options{
		Path: "/geraete/",
		Page: func(w io.Writer, _ *http.Request, p devices.Page) error { return page.Execute(w, p) },
	})))
	http.Handle("/", sessions.Handler(mux))

	// What it makes of a list:
	page.Execute(os.Stdout, devices.Page{User: "ada", Path: "/geraete/", Devices: []devices.Device{{Name: "Firefox"}}})
	// Output:
	// <h1>Geräte von ada</h1>
	// <form method="post" action="/geraete/">Firefox <button name="end" value="AAAAAAAAAAAAAAAAAAAAAA">Abmelden</button></form>
}

// A program signs the user out everywhere else.
func ExampleHandler_json() {
	sessions := session.New(memory.New(), session.Options{})
	page := devices.Handler(sessions, devices.Options{})
	site := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			session.From(r.Context()).SignIn("ada")
			return
		}
		page.ServeHTTP(w, r)
	}))
	signIn := func() []*http.Cookie {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("POST", "https://shop.example/login", nil))
		return w.Result().Cookies()
	}
	signIn()
	signIn()

	r := httptest.NewRequest("POST", "https://shop.example/devices/", strings.NewReader("end=others"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.AddCookie(signIn()[0])
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 {"ended":2}
}
