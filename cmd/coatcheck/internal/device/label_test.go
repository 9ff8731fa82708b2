package device_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/device"
)

func ExampleName() {
	fmt.Println(device.Name("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"))
	fmt.Println(device.Name("curl/8.14.1"))
	// Output:
	// Firefox on Linux
	// curl
}

const webkit = "AppleWebKit/537.36 (KHTML, like Gecko) "

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
		{"curl", "curl/8.14.1"},
		{"Go-http-client", "Go-http-client/1.1"},
		{"python-requests", "python-requests/2.32.3"},
		{"Wget", "Wget/1.24"},
		{"okhttp", "okhttp/4.12.0"},
		{"", ""},
		{"", " "},
		{"", "Mozilla/5.0"},
		{"Linux", "Mozilla/5.0 (X11; Linux x86_64)"},
		{"gnp.exe", "\u202egnp.exe/1.0"},
		{strings.Repeat("x", 24), strings.Repeat("x", 500) + "/1"},
	} {
		if got := device.Name(tt.agent); got != tt.want {
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
		if got := device.Label(request(tt.agent, tt.brands, tt.platform)); got != tt.want {
			t.Errorf("%s, %s is called %q, want %q", tt.brands, tt.platform, got, tt.want)
		}
	}
	r := request(chrome, `"Brave"`, "")
	r.Header.Add("Sec-CH-UA", `"Edge"`)
	if got := device.Label(r); got != "Chrome on Linux" {
		t.Errorf("with two hints it is called %q", got)
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64) "+webkit+"Chrome/156.0.0.0 Safari/537.36",
		`"Chromium";v="156", "Not?A_Brand";v="24"`, `"Linux"`)
	f.Add("curl/8.14.1 (;/", `"a\"b";v="\\,", "`, `"`)
	f.Add("\u202e\x00 Firefox/\xff ((((", `"Brave";`, `"\\"`)
	f.Fuzz(func(t *testing.T, agent, brands, platform string) {
		for _, label := range []string{device.Label(request(agent, brands, platform)), device.Name(agent)} {
			if len(label) > device.MaxLen {
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
				device.Name(agent)
			}
		})
	}
}
