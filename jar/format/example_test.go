package format_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

func ExampleFormat_Export() {
	j := jar.New(jar.Options{})
	u, _ := url.Parse("https://shop.example/")
	j.Set(&jar.Request{URL: u}, "theme=dark; SameSite=Strict")
	report, err := format.Netscape.Export(j, os.Stdout)
	fmt.Println(report.Losses, err)
	// Output:
	// # Netscape HTTP Cookie File
	//
	// shop.example	FALSE	/	FALSE	0	theme	dark
	// [changed: "theme" of shop.example: SameSite=Strict is lost] <nil>
}

// A crawler takes the cookies of a browser session that somebody has signed in by hand.
func ExampleFormat_Import() {
	storageState := `{"cookies": [{"name": "ticket", "value": "abc", "domain": ".shop.example", "path": "/",
		"expires": -1, "httpOnly": true, "secure": true, "sameSite": "Lax"}], "origins": []}`
	j := jar.New(jar.Options{})
	if _, err := format.Playwright.Import(j, strings.NewReader(storageState)); err != nil {
		fmt.Println(err)
	}
	u, _ := url.Parse("https://www.shop.example/")
	fmt.Println(j.Header(&jar.Request{URL: u}))
	// Output: ticket=abc
}

func ExampleForFile() {
	f, _ := format.ForFile("Downloads/storageState.json")
	fmt.Println(f, "-", f.About())
	// Output: playwright - the storage state of Playwright: state.json, storageState.json, *.playwright.json, auth.json, user.json
}

// An entry that cannot be read is left out and named; the others are read.
func ExampleReport() {
	text := "shop.example\tFALSE\t/\tTRUE\t0\tticket\tabc\nHTTP 502\n"
	report, err := format.Netscape.Import(jar.New(jar.Options{}), strings.NewReader(text))
	fmt.Printf("%+v %v\n", report.Counts, err)
	for _, loss := range report.Losses {
		fmt.Println(loss)
	}
	// Output:
	// {Read:1 Changed:0 LeftOut:1 Expired:0} <nil>
	// left out: line 2: there is no tab in it, where a cookie has 7, with tabs between them
}

func ExampleDetect() {
	f, ok := format.Detect([]byte(`{"cookies": [], "origins": []}`))
	fmt.Println(f, ok)
	// Output: playwright true
}

// A HAR file tells which requests got which cookies.
func ExampleReadArchive() {
	har := `{"log": {"entries": [{"request": {"method": "GET", "url": "https://shop.example/"},
		"response": {"headers": [{"name": "Set-Cookie", "value": "theme=dark"}]}}]}}`
	err := format.ReadArchive(strings.NewReader(har), func(x format.Exchange) {
		fmt.Println(x.Request.URL, x.SetCookie)
	}, func(l format.Loss) { fmt.Println(l) })
	fmt.Println(err)
	// Output:
	// https://shop.example/ [theme=dark]
	// <nil>
}
