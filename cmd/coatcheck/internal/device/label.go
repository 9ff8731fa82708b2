package device

import (
	"net/http"
	"strings"

	"github.com/mileusna/useragent"
)

// MaxLen bounds a name, in bytes.
const MaxLen = 2*maxPart + len(" on ")

const (
	maxPart  = 24  // bytes of the name of a browser or system
	maxAgent = 512 // bytes of a User-Agent that are read; browsers send about 110
)

// Label names the browser that sent a request, or returns "". It is made for session.Options.DeviceLabel.
func Label(r *http.Request) string {
	browser, system := parse(r.UserAgent())
	if hinted := brand(single(r.Header["Sec-Ch-Ua"])); hinted != "" {
		browser = hinted
	}
	if hinted := platform(single(r.Header["Sec-Ch-Ua-Platform"])); hinted != "" {
		system = hinted
	}
	return join(browser, system)
}

// Name names a browser by its User-Agent alone, or returns "".
func Name(agent string) string { return join(parse(agent)) }

// single returns the value of a header with one line. Hints are a list, but browsers send it in one line.
func single(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
}

func join(browser, system string) string {
	switch {
	case system == "":
		return browser
	case browser == "":
		return system
	}
	return browser + " on " + system
}

func parse(agent string) (browser, system string) {
	agent = agent[:min(len(agent), maxAgent)]
	ua := useragent.Parse(agent)
	if name := ua.Name; strings.HasPrefix(name, "Mozilla") {
		browser = "" // everybody says so
	} else {
		browser = plain(called(name))
	}
	system = plain(called(ua.OS))
	if system == "" {
		system = unixOf(agent)
	}
	return browser, system
}

// unixOf finds the systems that the parser does not know.
func unixOf(agent string) string {
	for _, name := range []string{"FreeBSD", "OpenBSD", "NetBSD"} {
		if strings.Contains(agent, name) {
			return name
		}
	}
	return ""
}

// called returns the name by which people know a browser or system.
func called(name string) string {
	if known, ok := names[name]; ok {
		return known
	}
	return name
}

var names = map[string]string{
	"Google Chrome":   "Chrome",
	"HeadlessChrome":  "Headless Chrome",
	"Microsoft Edge":  "Edge",
	"Samsung Browser": "Samsung Internet",
	"YaBrowser":       "Yandex",
	"Chrome OS":       "ChromeOS",
	"Chromium OS":     "ChromeOS",
	"Mac OS X":        "macOS",
	"Unknown":         "",
	"X11":             "", // the parser takes it for a browser
	"Android WebView": "Android app",
}

// plain drops what could change how the text around it looks, and cuts the rest to its bound.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " ")
	return strings.TrimRight(name[:min(len(name), maxPart)], " ")
}
