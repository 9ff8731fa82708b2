package explain

import (
	"regexp"
	"strings"

	"golang.org/x/net/http/httpguts"

	"coatcheck.dev/cookie"
)

// A pasted cookie is one as it stands in the text.
type pasted struct {
	name, value string
	line        string // the Set-Cookie line; "" if it is none
}

// maxPasted bounds the cookies that are looked up. Browsers send at most 180 to a site.
const maxPasted = 200

// read takes the cookies out of a text: out of headers, also among others and as tools print and copy them, and tickets
// alone.
func read(text string) (found []pasted) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if options, ok := ofCommand(line); ok {
			for _, option := range options {
				found = append(found, readLine(option)...)
			}
			continue
		}
		found = append(found, readLine(shown.ReplaceAllString(line, ""))...)
	}
	return found[:min(len(found), maxPasted)]
}

// shown is what curl -v puts before a line.
var shown = regexp.MustCompile(`^[<>]( |$)`)

// messageLine is the first line of a request or an answer.
var messageLine = regexp.MustCompile(`^([A-Z]+ \S+ )?HTTP/[0-9.]+( |$)`)

// handleIn finds the handle in a line of the log, with or without what stands around it, and in the address of a
// session's page.
var handleIn = regexp.MustCompile(`(?:^session=|\bmsg=\S+ .*\bsession=|^https?://\S+/session/)([\w-]{22})(?:\s|$)`)

func readLine(line string) []pasted {
	if m := handleIn.FindStringSubmatch(line); m != nil {
		return []pasted{{value: m[1]}}
	}
	name, rest, colon := strings.Cut(line, ":")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(name) {
	case "set-cookie":
		return []pasted{ofLine(rest)}
	case "cookie":
		return ofHeader(rest)
	case "authorization":
		line = rest
	case "session-ticket":
		return []pasted{{value: rest}}
	default:
		if colon && httpguts.ValidHeaderFieldName(name) && strings.HasPrefix(line[len(name):], ": ") {
			return nil // another header
		}
	}
	scheme, token, both := strings.Cut(line, " ")
	switch {
	case line == "", line[0] == ':', messageLine.MatchString(line): // :authority and its like are of HTTP/2
		return nil
	case both && strings.EqualFold(scheme, "Bearer"):
		return []pasted{{value: strings.TrimSpace(token)}}
	case setsCookie(line):
		return []pasted{ofLine(line)}
	case strings.ContainsAny(line, "=;"):
		return ofHeader(line)
	}
	return []pasted{{value: strings.Trim(line, `"', `)}}
}

// option is one of curl that has a header or cookies, as browsers copy a request.
var option = regexp.MustCompile(`(?:^|\s)(-H|--header|-b|--cookie)[ =]*\$?(?:'([^']*)'|"([^"]*)")`)

var otherOption = regexp.MustCompile(`^--?[a-z-]+( '| "|$| \\$)`)

// ofCommand returns the headers of a line of a curl command, or false if the line is none.
func ofCommand(line string) (headers []string, ok bool) {
	if !strings.HasPrefix(line, "curl ") && (line == "" || line[0] != '-') {
		return nil, false
	}
	for _, m := range option.FindAllStringSubmatch(line, -1) {
		header := m[2] + m[3]
		if m[1] == "-b" || m[1] == "--cookie" {
			header = "Cookie: " + header
		}
		headers, ok = append(headers, header), true
	}
	return headers, ok || strings.HasPrefix(line, "curl ") || otherOption.MatchString(line)
}

// setsCookie tells a Set-Cookie line from a Cookie header, which has no attributes.
func setsCookie(line string) bool {
	_, rest, _ := strings.Cut(line, ";")
	for part := range strings.SplitSeq(rest, ";") {
		name, _, _ := strings.Cut(part, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "path", "secure", "httponly", "samesite", "max-age", "expires", "domain", "partitioned":
			return true
		}
	}
	return false
}

func ofLine(line string) pasted {
	p := cookie.Parse(line)
	return pasted{p.Name, p.Value, line}
}

func ofHeader(header string) (found []pasted) {
	for name, value := range cookie.All([]string{header}) {
		found = append(found, pasted{name: name, value: value})
	}
	return found
}

// ticketLike finds what has the form of a ticket, in case one stands where only names do.
var ticketLike = regexp.MustCompile(`1[A-Za-z0-9_-]{54,}`)

// hidden is a text without tickets.
func hidden(text string) string { return ticketLike.ReplaceAllString(text, "…") }
