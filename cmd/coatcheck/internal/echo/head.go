package echo

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
)

const (
	maxHead    = 64 << 10
	maxTrailer = 16 << 10
	maxBody    = 10 << 20
	keptBody   = 64 << 10 // of the body, for forms
)

// A Line is one line of a header as it came: the name is what stands before the first colon, spaces included.
type Line struct {
	Name  string `json:"name"`
	Value string `json:"value"` // without the white space around it
}

// A refusal is a request that cannot be read.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return "echo: " + r.reason }

func refuse(status int, format string, values ...any) error {
	return &refusal{status, fmt.Sprintf(format, values...)}
}

// readLines reads up to an empty line, and not more than limit bytes. io.EOF means that there was nothing at all.
func readLines(in *bufio.Reader, limit int) (lines []string, err error) {
	for size := 0; ; {
		line, err := in.ReadSlice('\n')
		size += len(line)
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // a long line comes in parts
			rest, tooLong := readOn(in, string(line), limit)
			if tooLong != nil {
				return nil, tooLong
			}
			line, size = []byte(rest), size+len(rest)-len(line)
		case errors.Is(err, io.EOF) && size > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		if size > limit {
			return nil, refuse(http.StatusRequestHeaderFieldsTooLarge, "the header has more than %d bytes", limit)
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		if text == "" {
			return lines, nil
		}
		lines = append(lines, text)
	}
}

// readOn reads the rest of a line.
func readOn(in *bufio.Reader, begin string, limit int) (string, error) {
	var b strings.Builder
	b.WriteString(begin)
	for b.Len() <= limit {
		part, err := in.ReadSlice('\n')
		b.Write(part)
		switch {
		case err == nil:
			return b.String(), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
	return "", refuse(http.StatusRequestHeaderFieldsTooLarge, "the header has more than %d bytes", limit)
}

// parseHeader takes lines apart. One without a colon has a name alone.
func parseHeader(lines []string) []Line {
	header := make([]Line, 0, len(lines))
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		header = append(header, Line{name, strings.Trim(value, " \t")})
	}
	return header
}

// get returns the values of a header whose name is spelled in any case.
func get(header []Line, name string) (values []string) {
	for _, l := range header {
		if strings.EqualFold(l.Name, name) {
			values = append(values, l.Value)
		}
	}
	return values
}

func first(header []Line, name string) string {
	if values := get(header, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// parseRequestLine takes the first line apart: RFC 9112, section 3.
func parseRequestLine(line string) (method, target, protocol string, err error) {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return "", "", "", refuse(http.StatusBadRequest, "%.80q is no request line", line)
	}
	if parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0" {
		return "", "", "", refuse(http.StatusHTTPVersionNotSupported, "it speaks HTTP/1.1, not %.20q", parts[2])
	}
	return parts[0], parts[1], parts[2], nil
}

// readBody reads the body that a header announces, counts it, and reads the trailers behind it: RFC 9112, section 6.
func readBody(in *bufio.Reader, header []Line) (kept []byte, size int64, trailer []Line, err error) {
	codings, lengths := get(header, "Transfer-Encoding"), get(header, "Content-Length")
	switch {
	case len(codings) > 0 && len(lengths) > 0 || len(codings) > 1 || len(lengths) > 1:
		return nil, 0, nil, refuse(http.StatusBadRequest, "the length of the body is said twice")
	case len(codings) == 1:
		if !strings.EqualFold(codings[0], "chunked") {
			return nil, 0, nil, refuse(http.StatusNotImplemented, "the coding %.40q is not known", codings[0])
		}
		if kept, size, err = take(httputil.NewChunkedReader(in)); err != nil {
			return nil, 0, nil, err
		}
		lines, err := readLines(in, maxTrailer)
		return kept, size, parseHeader(lines), err
	case len(lengths) == 1:
		n, err := strconv.ParseUint(lengths[0], 10, 63)
		if err != nil {
			return nil, 0, nil, refuse(http.StatusBadRequest, "the length %.40q is none", lengths[0])
		}
		kept, size, err = take(io.LimitReader(in, int64(n)))
		if err == nil && size < int64(n) {
			err = io.ErrUnexpectedEOF
		}
		return kept, size, nil, err
	}
	return nil, 0, nil, nil
}

// take reads a body and keeps its beginning.
func take(body io.Reader) (kept []byte, size int64, err error) {
	kept, err = io.ReadAll(io.LimitReader(body, keptBody))
	if err != nil {
		return nil, 0, err
	}
	more, err := io.Copy(io.Discard, io.LimitReader(body, maxBody+1-int64(len(kept))))
	size = int64(len(kept)) + more
	if err == nil && size > maxBody {
		err = refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", maxBody)
	}
	return kept, size, err
}
