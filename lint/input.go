package lint

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// MaxInput is the number of bytes that [ReadLines] and [ReadHAR] accept.
const MaxInput = format.MaxImport

// ReadLines reads responses from text. A line with an absolute URL begins a response, and the lines below it are its
// Set-Cookie headers, with or without the header's name. An embedded URL is written with its page:
//
//	https://widget.example/ in https://shop.example/
//
// Empty lines and those with a leading # are skipped. u is the URL for lines before the first URL; it may be nil if
// there are none.
func ReadLines(r io.Reader, u *url.URL) ([]Response, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var list []Response
	if u != nil {
		list = append(list, Response{URL: u})
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://"):
			response, err := parsePlace(line)
			if err != nil {
				return nil, fmt.Errorf("read Set-Cookie lines: line %d: %w", n, err)
			}
			list = append(list, response)
		case len(list) == 0:
			return nil, fmt.Errorf("read Set-Cookie lines: line %d: the URL of the cookie is not known", n)
		default:
			last := &list[len(list)-1]
			last.SetCookie = append(last.SetCookie, headerValue(line))
		}
	}
	return list, nil
}

// parsePlace reads the origin of lines.
func parsePlace(line string) (Response, error) {
	text, page, embedded := strings.Cut(line, " in ")
	u, err := parseURL(text)
	if err != nil || !embedded {
		return Response{URL: u}, err
	}
	top, err := parseURL(page)
	return Response{URL: u, Context: &jar.Request{TopLevel: top, Initiator: top}}, err
}

func headerValue(line string) string {
	const name = "set-cookie:"
	if len(line) >= len(name) && strings.EqualFold(line[:len(name)], name) {
		return strings.TrimPrefix(line[len(name):], " ")
	}
	return line
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%.80q is no http or https URL", text)
	}
	return u, nil
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read input: %w", err)
	}
	if len(text) > MaxInput {
		return nil, fmt.Errorf("read input: there are more than %d bytes", MaxInput)
	}
	return text, nil
}

// ReadHAR reads the responses of an HTTP archive, with their times and context ([format.ReadArchive]). Browsers leave
// Set-Cookie headers out unless they are asked to export sensitive data.
func ReadHAR(r io.Reader) ([]Response, error) {
	exchanges, err := format.ReadArchive(r)
	if err != nil {
		return nil, err
	}
	list := make([]Response, len(exchanges))
	for i, x := range exchanges {
		list[i] = Response{URL: x.Request.URL, SetCookie: x.SetCookie, Redirects: x.Request.Redirects,
			Context: &x.Request, At: x.At}
	}
	return list, nil
}
