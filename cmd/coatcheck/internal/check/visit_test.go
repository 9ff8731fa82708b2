package check_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/check"
)

// shop has pages behind a sign-in. Whoever is signed in gets a cookie from each of them.
func shop(t *testing.T) (site string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*asked = append(*asked, r.Method+" "+r.URL.Path)
		_, err := r.Cookie("sid")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/old":
			http.Redirect(w, r, "/login", http.StatusTemporaryRedirect) // the form goes along
		case r.Method == http.MethodPost && r.PostForm.Get("user") == "ada" && r.Header.Get("Sec-Fetch-Site") != "":
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
			http.Redirect(w, r, "/home", http.StatusSeeOther)
		case r.URL.Path == "/refresh":
			w.Header().Set("Refresh", "0;url=on")
		case r.URL.Path == "/on":
			fmt.Fprint(w, `<META HTTP-EQUIV=Refresh content="1.5; URL = '/login?again'">`)
		case r.URL.RawQuery == "again":
			http.SetCookie(w, &http.Cookie{Name: "again", Value: "1", Path: "/"})
			w.Header().Set("Refresh", "5") // itself
		case err != nil && r.Header.Get("Authorization") != "Bearer t":
			http.Error(w, "sign in", http.StatusUnauthorized)
		default:
			name := "at" + strings.ReplaceAll(r.URL.Path, "/", "-")
			http.SetCookie(w, &http.Cookie{Name: name, Value: "1", Path: "/"})
			fmt.Fprint(w, `<a href="one">1</a><base href="/in/"><base href="/out/"><a href="/home#top">again</a><a href="two">2</a>
				<a href="/logout">bye</a><a href="https://other.example/">away</a><a href="javascript:x">no</a>`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// What signed-in users get is judged, however they come in.
func TestSignedIn(t *testing.T) {
	site, asked := shop(t)
	file := filepath.Join(t.TempDir(), "cookies.txt")
	if err := os.WriteFile(file, []byte("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\t1\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	header := filepath.Join(t.TempDir(), "cookie.txt")
	if err := os.WriteFile(header, []byte("sid=1; b=2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why   string
		o     check.Options
		names string
		asked string
	}{
		{"a file of cookies", check.Options{Pages: []string{site + "/home"}, Cookies: file}, "at-home", "GET /home"},
		{"a header", check.Options{Pages: []string{site + "/home"}, Header: []string{"authorization: Bearer t"}},
			"at-home", "GET /home"},
		{"a cookie in a header", check.Options{Pages: []string{site + "/home"}, Header: []string{"Cookie: sid=1"}},
			"at-home", "GET /home"},
		{"a form", check.Options{Pages: []string{site + "/login", site + "/x"}, Data: "user=ada"},
			"sid at-home at-x", "POST /login, GET /home, GET /x"},
		{"a form that moved", check.Options{Pages: []string{site + "/old"}, Request: "POST", Data: "user=ada"},
			"sid at-home", "POST /old, POST /login, GET /home"},
		{"links", check.Options{Pages: []string{site + "/login"}, Data: "user=ada", Crawl: 9},
			"sid at-home at-in-one at-in-two", "POST /login, GET /home, GET /in/one, GET /in/two"},
		{"pages that send on", check.Options{Pages: []string{site + "/refresh"}}, "again",
			"GET /refresh, GET /on, GET /login"},
		{"a Cookie header in a file", check.Options{Pages: []string{site + "/home"}, Cookies: header}, "at-home",
			"GET /home"},
		{"a few links", check.Options{Pages: []string{site + "/login"}, Data: "user=ada", Crawl: 2},
			"sid at-home at-in-one", "POST /login, GET /home, GET /in/one"},
	} {
		*asked = nil
		tt.o.FailOn = "never"
		got, err := run(t, tt.o)
		var names []string
		for _, c := range got.Cookies {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
		if err != nil || strings.Join(names, " ") != tt.names || strings.Join(*asked, ", ") != tt.asked {
			t.Errorf("%s: %v: cookies %q, requests %q", tt.why, err, names, *asked)
		}
	}
}

// A URL that net/http would not read is sent as browsers send it: from its path on.
func TestLonePercentSignIsSent(t *testing.T) {
	var asked []string
	fetcher := check.NewFetcher(roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.RequestURI()+" of "+r.URL.Host)
		h := http.Header{"Set-Cookie": {"a=1; HttpOnly; Secure"}, "Location": {"50%off?x=%%A%%"}}
		return &http.Response{StatusCode: 302 - 102*(len(asked)/2), Header: h, Body: http.NoBody}, nil
	}))
	if _, err := fetcher.Fetch(t.Context(), http.MethodGet, "https://shop.example/%zz/", ""); err != nil {
		t.Fatal(err)
	}
	want := []string{"/%zz/ of shop.example", "/%zz/50%off?x=%%A%% of shop.example"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What the visitor brings is refused as a whole where it makes no sense.
func TestVisitorRefused(t *testing.T) {
	site, asked := shop(t)
	for _, o := range []check.Options{
		{Header: []string{"no colon"}}, {Header: []string{"a b: c"}}, {Cookies: filepath.Join(t.TempDir(), "none")},
		{Request: "PO ST"},
	} {
		o.Pages, o.FailOn = []string{site}, "never"
		if _, err := run(t, o); err == nil || len(*asked) > 0 {
			t.Errorf("%+v: %v, asked %q", o, err, *asked)
		}
	}
}
