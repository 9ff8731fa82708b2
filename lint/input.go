package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// MaxInput is how many bytes [ReadLines] and [ReadHAR] read; more is an error.
const MaxInput = 64 << 20

// ReadLines reads responses from text: a line with an absolute URL begins a response, and the lines below it are its
// Set-Cookie headers, with or without the header's name. Empty lines and those that begin with # are passed over. u is
// the URL of lines that come before the first one; it may be nil if there are none.
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
			u, err := parseURL(line)
			if err != nil {
				return nil, fmt.Errorf("read Set-Cookie lines: line %d: %w", n, err)
			}
			list = append(list, Response{URL: u})
		case len(list) == 0:
			return nil, fmt.Errorf("read Set-Cookie lines: line %d: it is not known which URL the cookie came from", n)
		default:
			last := &list[len(list)-1]
			last.SetCookie = append(last.SetCookie, headerValue(line))
		}
	}
	return list, nil
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

// harLog is what counts here of an HTTP archive, version 1.2.
type harLog struct {
	Log *struct {
		Entries []struct {
			Started string `json:"startedDateTime"`
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
			Response struct {
				Headers []struct{ Name, Value string } `json:"headers"`
			} `json:"response"`
		} `json:"entries"`
	} `json:"log"`
}

// ReadHAR reads the responses of an HTTP archive (version 1.2) that set cookies or could have sent them, at the times
// that it names. Entries whose URL is not http or https are passed over. The Set-Cookie headers have to be in it, which
// browsers leave out unless they are asked to export sensitive data.
func ReadHAR(r io.Reader) ([]Response, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var har harLog
	if err := json.Unmarshal(text, &har); err != nil {
		return nil, fmt.Errorf("read HTTP archive: %w", err)
	}
	if har.Log == nil {
		return nil, errors.New("read HTTP archive: there is no log in it")
	}
	var list []Response
	for i, entry := range har.Log.Entries {
		u, err := parseURL(entry.Request.URL)
		if err != nil {
			continue
		}
		response := Response{URL: u}
		if response.At, err = time.Parse(time.RFC3339, entry.Started); err != nil && entry.Started != "" {
			return nil, fmt.Errorf("read HTTP archive: entry %d: startedDateTime %.40q is no time", i+1, entry.Started)
		}
		for _, h := range entry.Response.Headers {
			if strings.EqualFold(h.Name, "Set-Cookie") {
				// Chrome and Firefox put all of a response's lines into one header.
				response.SetCookie = append(response.SetCookie, strings.Split(h.Value, "\n")...)
			}
		}
		list = append(list, response)
	}
	return list, nil
}
