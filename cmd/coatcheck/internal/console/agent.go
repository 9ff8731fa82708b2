package console

import "strings"

// agentLabel makes a few words of a User-Agent header, such as "Firefox 141 · Linux", for people to tell their browsers apart.
// Anybody can send any header, so nothing may be decided by it.
//
// The label has at most maxLabel bytes, all of them printable ASCII but for the dot in the middle.
func agentLabel(agent string) string {
	name := browserOf(agent)
	if name == "" {
		name = firstProduct(agent)
	}
	system := systemOf(agent)
	switch {
	case name == "" && system == "":
		return "unknown"
	case name == "":
		return system
	case system == "":
		return name
	}
	return name + " · " + system
}

const (
	maxName  = 24
	maxLabel = 2*maxName + len(" · ")
)

// browsers are products by the word in front of their version. Most claim to be several others as well, so the first one in this order counts.
var browsers = []struct{ word, name string }{
	{"EdgiOS/", "Edge"}, {"EdgA/", "Edge"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Vivaldi/", "Vivaldi"},
	{"SamsungBrowser/", "Samsung Internet"}, {"YaBrowser/", "Yandex"}, {"DuckDuckGo/", "DuckDuckGo"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Headless Chrome"},
	{"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
}

func browserOf(agent string) string {
	for _, b := range browsers {
		_, rest, found := strings.Cut(agent, b.word)
		if !found || b.name == "Safari" && !strings.Contains(agent, "Safari/") {
			continue
		}
		if version := leadingDigits(rest); version != "" {
			return b.name + " " + version
		}
		return b.name
	}
	return ""
}

// systems are operating systems by a word that they send. iPhones name Mac OS X too, and Android names Linux.
var systems = []struct{ word, name string }{
	{"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
	{"Mac OS X", "macOS"}, {"Macintosh", "macOS"}, {"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"}, {"Linux", "Linux"},
}

func systemOf(agent string) string {
	for _, s := range systems {
		if strings.Contains(agent, s.word) {
			return s.name
		}
	}
	return ""
}

// firstProduct is the header's first word with its version, for programs that are no browsers: "curl 8.14". "Mozilla" says nothing.
func firstProduct(agent string) string {
	word, _, _ := strings.Cut(strings.TrimLeft(agent, " "), " ")
	name, version, _ := strings.Cut(word, "/")
	if name = printable(name); name == "" || name == "Mozilla" {
		return ""
	}
	if major, rest, ok := strings.Cut(version, "."); ok {
		version = leadingDigits(major) + "." + leadingDigits(rest)
	}
	if version = strings.Trim(printable(version), "."); version != "" {
		name += " " + version
	}
	return name[:min(len(name), maxName)]
}

// maxVersion is the longest version that is shown, in digits.
const maxVersion = 5

func leadingDigits(s string) string {
	n := 0
	for n < len(s) && n < maxVersion && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// printable leaves out what could change how the text around it looks.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s[:min(len(s), 4*maxName)])
}
