package csrf_test

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A sign-in form for browsers of any age.
func ExampleField() {
	page := template.Must(template.New("sign-in").Funcs(template.FuncMap{"csrfField": csrf.Field}).
		Parse(`<form method="post">{{csrfField .}}<input name="user"><button>Sign in</button></form>`))

	sessions := session.New(memory.New(), session.Options{})
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: sessions.Binding}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		var text bytes.Buffer // the token comes with a cookie, and so before the first byte
		if err := page.Execute(&text, r); err != nil {
			http.Error(w, "This page could not be made.", http.StatusInternalServerError)
			return
		}
		_, _ = text.WriteTo(w)
	})
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello, %s.", r.PostFormValue("user"))
	})
	site := sessions.Handler(guard.Handler(mux))

	// A browser that tells neither Sec-Fetch-Site nor Origin.
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "https://shop.example/sign-in", nil))
	token := regexp.MustCompile(`name="csrf_token" value="(.*?)"`).FindStringSubmatch(w.Body.String())[1]

	for _, form := range []url.Values{{"user": {"ada"}, "csrf_token": {token}}, {"user": {"ada"}}} {
		r := httptest.NewRequest("POST", "https://shop.example/sign-in", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(w.Result().Cookies()[0])
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, r)
		fmt.Println(answer.Code, len(form))
	}
	// Output:
	// 200 2
	// 403 1
}

// Scripts send the token in a header. They find it in the page.
func ExampleToken() {
	guard := csrf.New(csrf.Options{Tokens: csrf.Tokens{Session: func(*http.Request) string { return "" }}})
	site := guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<meta name="csrf-token" content="%s">`, csrf.Token(r))
	}))

	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "https://shop.example/", nil))
	token := strings.Split(w.Body.String(), `"`)[3]

	r := httptest.NewRequest("PUT", "https://shop.example/photo", nil)
	r.AddCookie(w.Result().Cookies()[0])
	fmt.Println(guard.Check(r) == nil)
	r.Header.Set(csrf.HeaderName, token)
	fmt.Println(guard.Check(r) == nil)
	// Output:
	// false
	// true
}
