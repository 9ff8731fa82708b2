package echo_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// Beside a proxy nobody obeys headers, so the echo calls the session API, and hands on what that gives the browser.
func TestSignInByTheSessionAPI(t *testing.T) {
	status, asked := http.StatusCreated, ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Authorization"), " ", string(body))
		w.WriteHeader(status)
		io.WriteString(w, `{"handle":"h","set_cookie":["a=1; Path=/","b=2"]}`)
	}))
	defer api.Close()
	addr := start(t, echo.Options{SignIn: true, API: &echo.API{URL: api.URL, Key: "k"}})
	for target, want := range map[string]string{
		"/.echo/sign-in?user=ada&level=2&return_to=/a": "POST /v1/sessions Bearer k " +
			`{"site":"x","cookie":"c=d","user":"ada","level":2}`,
		"/.echo/sign-out?which=all": `POST /v1/sessions/sign-out Bearer k {"site":"x","cookie":"c=d","which":"all"}`,
	} {
		res, _ := ask(t, addr, target, "Cookie: c=d")
		if asked != want || !slices.Equal(res.Header["Set-Cookie"], []string{"a=1; Path=/", "b=2"}) ||
			res.Header["Coatcheck-Sign-In"] != nil {
			t.Errorf("%s asks %s\nand answers %d %v", target, asked, res.StatusCode, res.Header)
		}
	}
	for is, want := range map[int]int{503: 503, 401: 502, 500: 502} {
		status = is
		if res, _ := ask(t, addr,
			"/.echo/sign-in?user=ada"); res.StatusCode != want || res.Header["Set-Cookie"] != nil {
			t.Errorf("the API's %d: %d, want %d", is, res.StatusCode, want)
		}
	}
	api.Close()
	if res, _ := ask(t, addr, "/.echo/sign-in?user=ada"); res.StatusCode != 502 {
		t.Errorf("no API: %d", res.StatusCode)
	}
}
