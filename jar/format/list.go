package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"iter"

	"coatcheck.dev/jar"
)

// An encoder writes cookies, and counts and reports what the format cannot hold.
type encoder func(w io.Writer, cookies iter.Seq[jar.Cookie], lose func(Loss)) (Counts, error)

// A list is a format that is written cookie by cookie.
type list struct {
	head, between, tail string

	// cookie appends a cookie. lose names a property without a place. With a reason the cookie is left out.
	cookie func(to []byte, c *jar.Cookie, lose func(what string)) (_ []byte, why string)
}

func (l list) encode(w io.Writer, cookies iter.Seq[jar.Cookie], lose func(Loss)) (n Counts, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(l.head)
	var (
		text    []byte
		changes []string
	)
	note := func(what string) { changes = append(changes, what) }
	for c := range cookies {
		changes = changes[:0]
		line, why := l.cookie(text[:0], &c, note)
		if why != "" {
			n.LeftOut++
			lose(Loss{Cookie: c.Name, Domain: c.Domain, LeftOut: true, What: why})
			continue
		}
		if n.Read > 0 {
			out.WriteString(l.between)
		}
		n.Read++
		if len(changes) > 0 {
			n.Changed++
		}
		for _, what := range changes {
			lose(lossOf(&c, what))
		}
		if _, err := out.Write(line); err != nil {
			return n, err
		}
		text = line
	}
	out.WriteString(l.tail)
	return n, out.Flush()
}

// jsonList is a list of JSON values, one in a line.
func jsonList[T any](head, tail string, convert func(c *jar.Cookie, lose func(what string)) (T, string)) encoder {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	return list{
		head: head, between: ",", tail: "\n" + tail,
		cookie: func(to []byte, c *jar.Cookie, lose func(what string)) ([]byte, string) {
			v, why := convert(c, lose)
			if why != "" {
				return nil, why
			}
			b.Reset()
			if err := e.Encode(v); err != nil {
				return nil, err.Error()
			}
			to = append(to, "\n    "...)
			return append(to, bytes.TrimRight(b.Bytes(), "\n")...), ""
		},
	}.encode
}
