package devices

import (
	"net/http"
	"strings"
)

// maxPart bounds the name of a browser or a system, in bytes. With " on " between them a label has at most 52.
const maxPart = 24

// Label names the browser or other program that sent a request in a few words, such as "Firefox on Linux" or "curl", or
// returns "". Versions are left out, because a session outlives them. It is made for session.Options.DeviceLabel.
//
// Client hints come first (Sec-CH-UA and Sec-CH-UA-Platform, User-Agent Client Hints of the WICG), because they name
// browsers that otherwise pass for Chrome. The rest is read from the User-Agent, as by [Name].
//
// Anybody can send any header, so a label decides nothing. It is printable ASCII of at most 52 bytes; escape it like
// any text.
func Label(r *http.Request) string {
	browser, system := agentOf(r.UserAgent())
	if hint := brand(single(r.Header["Sec-Ch-Ua"])); hint != "" {
		browser = hint
	}
	if hint := platform(single(r.Header["Sec-Ch-Ua-Platform"])); hint != "" {
		system = hint
	}
	return join(browser, system)
}

// Name is [Label] by the User-Agent alone. The page uses it for sessions that began without a label.
func Name(userAgent string) string { return join(agentOf(userAgent)) }

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

// shorten returns what is known to be the name, or else what the client calls itself: its printable ASCII, up to
// maxPart, if there is a letter in it.
func shorten(known, claimed string) string {
	if known != "" {
		return known
	}
	letter := false
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		letter = letter || 'a' <= r|0x20 && r|0x20 <= 'z'
		return r
	}, claimed)
	if !letter {
		return ""
	}
	name = strings.Trim(name, " ")
	return strings.TrimRight(name[:min(len(name), maxPart)], " ")
}
