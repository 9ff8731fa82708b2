package preference

import (
	"fmt"
	"net/http"
	"strings"
)

// A Hint is a header of the request by which the browser tells what its user likes. Nothing else is taken from it.
type Hint string

// The hints. Browsers that know the client hints send them after they were asked: see [Group.Handler].
const (
	// ColorScheme is "light" or "dark" (W3C Media Queries 5, section 11.5; WICG User Preference Media Features Client
	// Hints Headers).
	ColorScheme Hint = "Sec-Ch-Prefers-Color-Scheme"

	// ReducedMotion is "reduce" or "no-preference". It sets a [Flag] to true for "reduce".
	ReducedMotion Hint = "Sec-Ch-Prefers-Reduced-Motion"

	// SaveData is "on" for those who pay for each byte (WICG Save Data API). It sets a [Flag] to true.
	SaveData Hint = "Save-Data"
)

func (h Hint) isClientHint() bool { return h == ColorScheme || h == ReducedMotion }

func (h Hint) check() error {
	switch h {
	case "", ColorScheme, ReducedMotion, SaveData, acceptLanguage:
		return nil
	}
	return fmt.Errorf("there is no hint %.64q: use one of the constants", string(h))
}

// read returns the value of the hint, "" if it is none of those that browsers send. Client hints are strings in quotes
// (RFC 9651), and Save-Data is a token.
func (h Hint) read(r *http.Request) string {
	lines := r.Header[string(h)]
	if len(lines) != 1 || len(lines[0]) > 32 {
		return ""
	}
	value := strings.Trim(lines[0], ` "`)
	switch {
	case h == ColorScheme && (value == "light" || value == "dark"),
		h == ReducedMotion && (value == "reduce" || value == "no-preference"),
		h == SaveData && strings.EqualFold(value, "on"):
		return strings.ToLower(value)
	}
	return ""
}

// isOn reports whether a hint's value sets a flag.
func (h Hint) isOn(value string) bool {
	return h == ReducedMotion && value == "reduce" || h == SaveData && value == "on" ||
		h == ColorScheme && value == "dark"
}

// vary adds a name to the header Vary, if it is not there.
func vary(header http.Header, name string) {
	lines := header["Vary"]
	for _, line := range lines {
		if line == name || line == "*" || len(line) > len(name) && lists(line, name) {
			return
		}
	}
	header["Vary"] = append(lines, name)
}

func lists(line, name string) bool {
	for item := range strings.SplitSeq(line, ",") {
		if item = strings.TrimSpace(item); item == "*" || strings.EqualFold(item, name) {
			return true
		}
	}
	return false
}
