package devices_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/devices"
)

func ExampleName() {
	fmt.Println(devices.Name("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"))
	fmt.Println(devices.Name("curl/8.14.1"))
	// Output:
	// Firefox on Linux
	// curl
}

// maxLabel is what the documentation promises, in bytes.
const maxLabel = 52

const webkit = "AppleWebKit/537.36 (KHTML, like Gecko) "

// A name is short, printable and bounded, whatever a client says.
//
// Rows: I9, A44
func TestName(t *testing.T) {
	const apple = "AppleWebKit/605.1.15 (KHTML, like Gecko) "
	for _, tt := range []struct{ want, agent string }{
		{"Chrome on Linux", "Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Chrome/156.0.0.0 Safari/537.36"},
		{"Headless Chrome on Linux",
			"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "HeadlessChrome/156.0.0.0 Safari/537.36"},
		{"Chrome on ChromeOS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + "Chrome/155.0.0.0 Safari/537.36"},
		{"Chrome on Android",
			"Mozilla/5.0 (Linux; Android 16; Pixel 9) " + webkit + "Chrome/156.0.0.0 Mobile Safari/537.36"},
		{"Chrome on Android", "Mozilla/5.0 (Linux; Android 10; K) " + webkit + "Chrome/146.0.0.0 Mobile Safari/537.36"},
		{"Samsung Internet on Android",
			"Mozilla/5.0 (Linux; Android 15) " + webkit + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"},
		{"Edge on Android",
			"Mozilla/5.0 (Linux; Android 16) " + webkit +
				"Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36 EdgA/155.0.0.0"},
		{"Edge on Windows",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/155.0.0.0 Safari/537.36 Edg/155.0.0.0"},
		{"Opera on Windows",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/153.0.0.0 Safari/537.36 OPR/120.0.0.0"},
		{"Yandex on Windows",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit +
				"Chrome/138.0.0.0 YaBrowser/25.8.0.0 Safari/537.36"},
		{"Firefox on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"},
		{"Firefox on Android", "Mozilla/5.0 (Android 16; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0"},
		{"Firefox on FreeBSD", "Mozilla/5.0 (X11; FreeBSD amd64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		{"Safari on macOS",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + apple + "Version/26.0 Safari/605.1.15"},
		{"Safari on iOS",
			"Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) " + apple + "Version/26.1 Mobile/1 Safari/604.1"},
		{"Chrome on iOS",
			"Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) " + apple + "CriOS/141.0.1 Mobile/1 Safari/604.1"},
		{"Firefox on iOS",
			"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) " + apple + "FxiOS/144.0 Mobile/1 Safari/605.1"},
		{"Opera on Linux", "Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16"},
		{"Vivaldi on Linux",
			"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Chrome/154.0.0.0 Safari/537.36 Vivaldi/7.7"},
		{"DuckDuckGo on iOS", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) " + apple +
			"Version/26.0 Mobile/15E148 Safari/604.1 Ddg/26.0"},
		{"DuckDuckGo on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + apple +
			"Version/26.0 Safari/605.1.15 Ddg/26.0"},
		{"Google app on iOS", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) " + apple +
			"GSA/393.0 Mobile/15E148 Safari/604.1"},
		{"GNOME Web on Linux",
			"Mozilla/5.0 (X11; Linux x86_64) " + apple + "Version/18.5 Safari/605.1.15 Epiphany/605.1.15"},
		{"Silk on Android",
			"Mozilla/5.0 (Linux; Android 11; KFTRWI) " + webkit + "Silk/138.2 like Chrome/138.0 Safari/537.36"},
		{"Internet Explorer on Windows", "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"},
		{"Internet Explorer on Windows", "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)"},
		{"Android Browser on Android", "Mozilla/5.0 (Linux; U; Android 4.0.4; en-us) AppleWebKit/534.30 " +
			"(KHTML, like Gecko) Version/4.0 Mobile Safari/534.30"},
		{"Chrome on webOS", "Mozilla/5.0 (Web0S; Linux/SmartTV) " + webkit + "Chrome/120.0.0.0 Safari/537.36"},
		{"Safari on PlayStation",
			"Mozilla/5.0 (PlayStation; PlayStation 5/9.00) " + apple + "Version/17.0 Safari/605.1"},
		// Apps
		{"App on Android", "Mozilla/5.0 (Linux; Android 16; Pixel 9 Build/BP3A; wv) " + webkit +
			"Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36"},
		{"App on Android", "Dalvik/2.1.0 (Linux; U; Android 16; Pixel 9 Build/BP3A)"},
		{"App on iOS", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) " + apple + "Mobile/15E148"},
		{"Facebook on iOS", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) " + apple +
			"Mobile/15E148 [FBAN/FBIOS;FBAV/500.0;FBDV/iPhone17,1]"},
		{"My Bank on iOS", "My Bank/3.2 (dev.bank; build:12; iOS 18.7.0) Alamofire/5.9.1"},
		{"NetNewsWire", "NetNewsWire (RSS Reader; https://netnewswire.com/)"},
		{"Thunderbird on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.5.0"},
		{"PowerShell on Windows",
			"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100.7019"},
		// Programs
		{"curl", "curl/8.14.1"},
		{"curl", "curl/8.14.1 <b>"},
		{"Go-http-client", "Go-http-client/1.1"},
		{"python-requests", "python-requests/2.32.3"},
		{"Wget", "Wget/1.24"},
		{"okhttp", "okhttp/4.12.0"},
		{"Lynx", "Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1"},
		{"Links on Linux", "Links (2.29; Linux 6.12.48 x86_64; GNU C 14.2; text)"},
		// Robots
		{"Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
		{"Googlebot", "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) " + webkit +
			"Chrome/141.0.7390.122 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
		{"bingbot", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; " +
			"+http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36"},
		{"GPTBot",
			"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"},
		{"Twitterbot", "Twitterbot/1.0"},
		{"facebookexternalhit", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"},
		{"Slackbot-LinkExpanding", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
		// What says nothing, or lies
		{"", ""},
		{"", " "},
		{"", "/"},
		{"", "8.14.1"},
		{"", "Mozilla/5.0"},
		{"", "Mozilla/5.0 (compatible; )"},
		{"Linux", "Mozilla/5.0 (X11; Linux x86_64)"},
		{"gnp.exe", "\u202egnp.exe/1.0"},
		{"curl", "cu\x07\x00rl\n/8"},
		{"", "\x1b\x9b[31mred"},
		{strings.Repeat("x", 24), strings.Repeat("x", 500) + "/1"},
		{strings.Repeat("x", 24), strings.Repeat("x", 10<<10)},
		{"", strings.Repeat("(", 10<<10)},
		{"", strings.Repeat(" ", 10<<10) + "Firefox/1"},
		{"a", strings.Repeat("a/1 ", 10<<10/4)},
	} {
		if got := devices.Name(tt.agent); got != tt.want {
			t.Errorf("%.100q is called %q, want %q", tt.agent, got, tt.want)
		}
	}
}

func request(agent, brands, platform string) *http.Request {
	r := &http.Request{Header: http.Header{"User-Agent": {agent}}}
	if brands != "" {
		r.Header.Set("Sec-CH-UA", brands)
	}
	if platform != "" {
		r.Header.Set("Sec-CH-UA-Platform", platform)
	}
	return r
}

func TestLabel(t *testing.T) {
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Chrome/156.0.0.0 Safari/537.36"
	for _, tt := range []struct{ agent, brands, platform, want string }{
		{chrome, "", "", "Chrome on Linux"},
		{chrome, `"Chromium";v="156", "Google Chrome";v="156", "Not?A_Brand";v="24"`, `"Linux"`, "Chrome on Linux"},
		{chrome, `"Not/A)Brand";v="8", "Chromium";v="156", "Brave";v="156"`, `"Linux"`, "Brave on Linux"},
		{chrome, `"Brave";v="156", "Not.A/Brand";v="8", "Chromium";v="156"`, `"Windows"`, "Brave on Windows"},
		{chrome, `"Microsoft Edge";v="155","Chromium";v="155","Not;A=Brand";v="99"`, `"macOS"`, "Edge on macOS"},
		{chrome, `" Not A;Brand";v="99", "Chromium";v="96"`, `"Chrome OS"`, "Chromium on ChromeOS"},
		{chrome, `"Chromium";v="156", "HeadlessChrome";v="156", "Not_A Brand";v="99"`, `"Linux"`,
			"Headless Chrome on Linux"},
		{"", `"DuckDuckGo";v="1, \"2\"";x, "Chromium"`, "", "DuckDuckGo"},
		{"curl/8", "", `"Android"`, "curl on Android"},
		// What cannot be read says nothing, and the rest counts.
		{chrome, `Chromium;v="156"`, `Linux`, "Chrome on Linux"},
		{chrome, `"Brave`, `"Win`, "Chrome on Linux"},
		{chrome, `"Brave", x`, `"Windows", "x"`, "Chrome on Linux"},
		{chrome, `"Br\ave"`, `"Unknown"`, "Chrome on Linux"},
		{chrome, `"Bräve"`, `""`, "Chrome on Linux"},
		{chrome, `"` + strings.Repeat("x", 600) + `"`, `"` + strings.Repeat("x", 600) + `"`, "Chrome on Linux"},
		{chrome, `"Not A Brand"`, "", "Chrome on Linux"},
		{chrome, `"` + strings.Repeat("x", 100) + `"`, "", strings.Repeat("x", 24) + " on Linux"},
		{chrome, `,`, `;`, "Chrome on Linux"},
	} {
		if got := devices.Label(request(tt.agent, tt.brands, tt.platform)); got != tt.want {
			t.Errorf("%s, %s is called %q, want %q", tt.brands, tt.platform, got, tt.want)
		}
	}
	r := request(chrome, `"Brave"`, "")
	r.Header.Add("Sec-CH-UA", `"Edge"`)
	if got := devices.Label(r); got != "Chrome on Linux" {
		t.Errorf("with two hints it is called %q", got)
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64) "+webkit+"Chrome/156.0.0.0 Safari/537.36",
		`"Chromium";v="156", "Not?A_Brand";v="24"`, `"Linux"`)
	f.Add("curl/8.14.1 (;/", `"a\"b";v="\\,", "`, `"`)
	f.Add("\u202e\x00 Firefox/\xff ((((", `"Brave";`, `"\\"`)
	f.Fuzz(func(t *testing.T, agent, brands, platform string) {
		for _, label := range []string{devices.Label(request(agent, brands, platform)), devices.Name(agent)} {
			if len(label) > maxLabel {
				t.Errorf("%q has %d bytes", label, len(label))
			}
			for _, r := range label {
				if r < ' ' || r > '~' {
					t.Errorf("%q has the character %U", label, r)
				}
			}
		}
	})
}

// What a client can make a name cost is bounded by what is read of its headers.
func BenchmarkName(b *testing.B) {
	for name, agent := range map[string]string{
		"chrome":  "Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Chrome/156.0.0.0 Safari/537.36",
		"hostile": strings.Repeat("a/1 ", 8<<10),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				devices.Name(agent)
			}
		})
	}
}
