package devices

import "strings"

// A User-Agent is a list of products, and of comments in brackets (RFC 9110, section 10.1.5):
//
//	Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0
//
// Browsers begin with Mozilla, and name the browsers that they want to be taken for before or after themselves: so the
// tables below are in the order of what says most. Other programs name themselves first.

// maxAgent bounds how much of a User-Agent is read, in bytes; browsers send about 110.
const maxAgent = 512

// A sign is text of a User-Agent, and the name of what has it.
type sign struct{ text, name string }

// browserSigns are products, with the slash that follows. Those that are built on others stand before them.
var browserSigns = []sign{
	{"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"Edg/", "Edge"}, {"Edge/", "Edge"},
	{"OPR/", "Opera"}, {"OPT/", "Opera"}, {"OPiOS/", "Opera"}, {"OPX/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"YaBrowser/", "Yandex"},
	{"Vivaldi/", "Vivaldi"},
	{"Brave/", "Brave"},
	{"DuckDuckGo/", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"},
	{"UCBrowser/", "UC Browser"},
	{"MiuiBrowser/", "Mi Browser"},
	{"HuaweiBrowser/", "Huawei Browser"},
	{"Whale/", "Whale"},
	{"QQBrowser/", "QQ Browser"},
	{"Silk/", "Silk"},
	{"MicroMessenger/", "WeChat"},
	{"Instagram ", "Instagram"},
	{"FBAV/", "Facebook"},
	{"LinkedInApp", "LinkedIn"},
	{"Snapchat/", "Snapchat"},
	{"GSA/", "Google app"},
	{"Slack/", "Slack"},
	{"Electron/", "Electron app"},
	{"WindowsPowerShell/", "PowerShell"}, {"PowerShell/", "PowerShell"},
	{"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"SeaMonkey/", "SeaMonkey"}, {"PaleMoon/", "Pale Moon"}, {"Waterfox/", "Waterfox"}, {"LibreWolf/", "LibreWolf"},
	{"Thunderbird/", "Thunderbird"},
	{"Firefox/", "Firefox"},
	{"Epiphany/", "GNOME Web"}, {"Konqueror/", "Konqueror"}, {"Falkon/", "Falkon"}, {"qutebrowser/", "qutebrowser"},
	{"; wv)", "App"},
	{"HeadlessChrome/", "Headless Chrome"},
	{"Chromium/", "Chromium"},
	{"Chrome/", "Chrome"},
	{"Trident/", "Internet Explorer"}, {"MSIE ", "Internet Explorer"},
}

// systemSigns stand in comments. Android is a Linux, and iPhones are like a Mac.
var systemSigns = []sign{
	{"CrOS", "ChromeOS"},
	{"OpenHarmony", "HarmonyOS"}, {"HarmonyOS", "HarmonyOS"},
	{"KAIOS", "KaiOS"},
	{"Tizen", "Tizen"},
	{"Web0S", "webOS"},
	{"PlayStation", "PlayStation"},
	{"Xbox", "Xbox"},
	{"Nintendo", "Nintendo"},
	{"Windows Phone", "Windows Phone"},
	{"Android", "Android"},
	{"iPhone", "iOS"}, {"iPad", "iOS"}, {"iPod", "iOS"}, {"iOS", "iOS"},
	{"Windows", "Windows"},
	{"Macintosh", "macOS"}, {"Mac OS X", "macOS"},
	{"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"}, {"NetBSD", "NetBSD"},
	{"Linux", "Linux"},
}

// hinted are the names of client hints that people know by others.
var hinted = map[string]string{
	"Google Chrome":   "Chrome",
	"HeadlessChrome":  "Headless Chrome",
	"Microsoft Edge":  "Edge",
	"Samsung Browser": "Samsung Internet",
	"Android WebView": "App",
	"Chromium OS":     "ChromeOS",
	"Chrome OS":       "ChromeOS",
	"Mac OS X":        "macOS",
}

// called are products that are first in a User-Agent and not called so by people.
var called = map[string]string{
	"Dalvik": "App", // of Android
}

// agentOf returns the names of the browser and the system in a User-Agent, or "" for what it does not tell.
func agentOf(agent string) (browser, system string) {
	agent = agent[:min(len(agent), maxAgent)]
	if robot := robotOf(agent); robot != "" {
		return robot, "" // what it runs on is what it pretends to be
	}
	return browserOf(agent), find(systemSigns, agent)
}

// robotOf returns the name after "compatible;", by which robots say who they are. Internet Explorer did as well.
func robotOf(agent string) string {
	_, rest, ok := strings.Cut(agent, "compatible; ")
	if !ok || strings.HasPrefix(rest, "MSIE ") {
		return ""
	}
	return shorten("", firstProduct(rest))
}

func browserOf(agent string) string {
	if name := find(browserSigns, agent); name != "" {
		return name
	}
	name := firstProduct(agent)
	if name != "Mozilla" {
		return shorten(called[name], name)
	}
	apple := strings.Contains(agent, "AppleWebKit/")
	switch {
	case apple && strings.Contains(agent, "Version/") && strings.Contains(agent, "Android"):
		return "Android Browser"
	case apple && strings.Contains(agent, "Safari/"):
		return "Safari"
	case apple && strings.Contains(agent, "Mobile/"):
		return "App"
	}
	return "" // everybody says Mozilla
}

// firstProduct returns the name of the product that a text begins with, up to the first number that stands alone.
func firstProduct(text string) string {
	if end := strings.IndexAny(text, "/(;,[<"); end >= 0 {
		text = text[:end]
	}
	for at := 0; at < len(text); at++ {
		if text[at] == ' ' && at+1 < len(text) && '0' <= text[at+1] && text[at+1] <= '9' {
			return text[:at]
		}
	}
	return text
}

// find returns the name of the first sign in the text, or "".
func find(signs []sign, text string) string {
	for _, s := range signs {
		if strings.Contains(text, s.text) {
			return s.name
		}
	}
	return ""
}
