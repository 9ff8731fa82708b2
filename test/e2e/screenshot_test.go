package e2e_test

import (
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"coatcheck.dev/test/internal/browser"
)

// The README's pictures show what this test brings about. They are taken each time, and kept in the tree when
// COATCHECK_SCREENSHOTS is set.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if os.Getenv("COATCHECK_SCREENSHOTS") != "" {
		folder = "../../docs/images"
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, "demo")
	for _, visit := range []struct{ user, agent string }{
		{"grace", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 " +
			"(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"},
		{"", "curl/8.14.1"},
		{"alan", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0"},
		{"ada", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 " +
			"(KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"},
	} {
		v := newVisitor(t, h.site)
		v.header.Set("User-Agent", visit.agent)
		v.post("/cart", "item", "biscuits")
		if visit.user != "" {
			v.do(http.MethodPost, "/login", "user", visit.user, "password", passwords[visit.user], "remember", "on")
		}
	}

	const desk = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	shop := browser.Start(t, browser.Options{Flags: map[string]string{"user-agent": desk}})
	add(shop, h.site, "tea")
	add(shop, h.site, "honey")
	shop.Submit(`.consent-banner button[value=reject]`)
	signIn(shop, h.site, "ada", false)
	shop.Navigate(h.site + "/")
	take(t, shop, filepath.Join(folder, "shop.png"), browser.Shot{Width: 1200, Height: 1075})

	console := browser.Start(t, browser.Options{})
	console.Navigate(h.link)
	console.AwaitCount("#rows tr", 5)
	console.AwaitText("#state", "Live")
	take(t, console, filepath.Join(folder, "console.png"), browser.Shot{Width: 1200, Height: 740})
}

// take makes a picture that a page can bear.
func take(t *testing.T, b *browser.Browser, file string, s browser.Shot) {
	t.Helper()
	const most = 300_000 // bytes
	b.Screenshot(file, s)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.DecodeConfig(f)
	if err != nil || picture.Width != s.Width || picture.Height < s.Height || info.Size() > most {
		t.Errorf("%s: %v, %d by %d, %d bytes; want %d wide and at most %d bytes",
			filepath.Base(file), err, picture.Width, picture.Height, info.Size(), s.Width, most)
	}
	t.Logf("%s: %d by %d, %d bytes", filepath.Base(file), picture.Width, picture.Height, info.Size())
}
