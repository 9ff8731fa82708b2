package gate

import (
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cookie"
)

// ownCookies are the names of the cookies between the browser and Coatcheck.
type ownCookies []string

// hide takes them out of a request's header. The rest keeps every byte.
func (own ownCookies) hide(header http.Header) {
	lines := header["Cookie"]
	if !own.among(lines) {
		return
	}
	var kept []string
	for _, line := range lines {
		if line = own.cut(line); line != "" {
			kept = append(kept, line)
		}
	}
	header["Cookie"] = kept
	if len(kept) == 0 {
		delete(header, "Cookie")
	}
}

func (own ownCookies) among(lines []string) bool {
	for _, name := range own {
		if _, n := cookie.Lookup(lines, name); n > 0 {
			return true
		}
	}
	return false
}

// cut removes the pairs of these names from one line of a Cookie header, each with its semicolon.
func (own ownCookies) cut(line string) string {
	pairs := strings.Split(line, ";")
	first := own.among(pairs[:1])
	pairs = slices.DeleteFunc(pairs, func(pair string) bool { return own.among([]string{pair}) })
	line = strings.Join(pairs, ";")
	if first {
		line = strings.TrimLeft(line, " \t")
	}
	return line
}

// refuse takes Set-Cookie lines for these names out of an answer, and returns the names that it found. Among them are
// lines without a name, if the browser would send their value back as such a cookie.
func (own ownCookies) refuse(header http.Header) (refused []string) {
	lines := header["Set-Cookie"]
	kept := slices.DeleteFunc(lines, func(line string) bool {
		pair, _, _ := strings.Cut(line, ";")
		name := own.named(strings.TrimPrefix(trim(pair), "="))
		if name != "" {
			refused = append(refused, name)
		}
		return name != ""
	})
	header["Set-Cookie"] = kept
	if len(kept) == 0 {
		delete(header, "Set-Cookie")
	}
	return refused
}

// named returns which of the names a pair has, or "".
func (own ownCookies) named(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	if i := slices.Index(own, trim(name)); i >= 0 {
		return own[i]
	}
	return ""
}
