package console

import (
	"strings"
	"testing"
)

func TestAgentLabel(t *testing.T) {
	const webkit, gecko = "AppleWebKit/537.36 (KHTML, like Gecko) ", "Gecko/20100101 "
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Chrome/156.0.0.0 Safari/537.36":                                                       "Chrome 156 · Linux",
		"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "HeadlessChrome/156.0.0.0 Safari/537.36":                                               "Headless Chrome 156 · Linux",
		"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Ubuntu Chromium/118.0.1 Chrome/118.0.1 Safari/537.36":                                 "Chromium 118 · Linux",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + "Chrome/155.0.0.0 Safari/537.36":                                              "Chrome 155 · ChromeOS",
		"Mozilla/5.0 (Linux; Android 16; Pixel 9) " + webkit + "Chrome/156.0.0.0 Mobile Safari/537.36":                                       "Chrome 156 · Android",
		"Mozilla/5.0 (Linux; Android 15) " + webkit + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":                            "Samsung Internet 28 · Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/155.0.0.0 Safari/537.36 Edg/155.0.0.0":                               "Edge 155 · Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/153.0.0.0 Safari/537.36 OPR/120.0.0.0":                               "Opera 120 · Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) " + gecko + "Firefox/146.0":                                                     "Firefox 146 · Windows",
		"Mozilla/5.0 (Android 16; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0":                                                               "Firefox 146 · Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":              "Safari 26 · macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/1 Safari/604.1": "Safari 26 · iOS",
		"Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.1 Mobile/1 Safari/604.1":         "Chrome 141 · iPadOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/144.0 Mobile/1 Safari/605.1":  "Firefox 144 · iOS",
		"curl/8.14.1":                       "curl 8.14",
		"Go-http-client/1.1":                "Go-http-client 1.1",
		"python-requests/2.32.3 (on Linux)": "python-requests 2.32 · Linux",
		"Opera":                             "Opera",
		"Wget":                              "Wget",
		"":                                  "unknown",
		" ":                                 "unknown",
		"Mozilla/5.0":                       "unknown",
		"Mozilla/5.0 (X11; Linux x86_64)":   "Linux",
		"Firefox/":                          "Firefox",
		"Firefox/99999999999":               "Firefox 99999",
		"Version/5 of something":            "Version 5",
		"<script>alert(1)</script>/1":       "<script>alert(1)< script",
		"\u202egnp.exe/1.0":                 "gnp.exe 1.0",
		strings.Repeat("x", 500) + "/1":     strings.Repeat("x", 24),
		"curl/" + strings.Repeat("9", 500) + ".1.2": "curl 99999.1",
	} {
		if got := agentLabel(agent); got != want {
			t.Errorf("%.100q is %q, want %q", agent, got, want)
		}
	}
}

func FuzzAgentLabel(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	f.Add("curl/8.14.1")
	f.Add("\u202e\x00 Firefox/\xff")
	f.Fuzz(func(t *testing.T, agent string) {
		label := agentLabel(agent)
		if label == "" || len(label) > maxLabel {
			t.Errorf("%q has %d bytes", label, len(label))
		}
		for _, r := range strings.Replace(label, "·", "", 1) {
			if r < ' ' || r > '~' {
				t.Errorf("%q has the character %U", label, r)
			}
		}
	})
}
