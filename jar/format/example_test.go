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
	losses, err := format.Netscape.Export(j, os.Stdout)
	fmt.Println(losses, err)
	// Output:
	// # Netscape HTTP Cookie File
	//
	// shop.example	FALSE	/	FALSE	0	theme	dark
	// ["theme" of shop.example: SameSite=Strict] <nil>
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
	// Output: playwright - the storage state of Playwright: state.json, storageState.json, *.playwright.json
}

// A HAR file tells which requests got which cookies.
func ExampleReadArchive() {
	har := `{"log": {"entries": [{"request": {"method": "GET", "url": "https://shop.example/"},
		"response": {"headers": [{"name": "Set-Cookie", "value": "theme=dark"}]}}]}}`
	exchanges, err := format.ReadArchive(strings.NewReader(har))
	for _, x := range exchanges {
		fmt.Println(x.Request.URL, x.SetCookie, err)
	}
	// Output: https://shop.example/ [theme=dark] <nil>
}
