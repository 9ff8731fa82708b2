package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"coatcheck.dev/jar"
)

// Pickle is what Python's module of that name makes of cookies, in any of its protocols: the list of Selenium's
// get_cookies, the jar of requests or its session, the cookies of http.cookiejar one by one, or an object of names and
// values ([Pairs]). A file may have several, one behind the other.
//
// Python runs what such a file tells it to. Here nothing is run: a call or an object is its name and what was given to
// it, and all that is no cookie is left out.
var Pickle = Format{
	name: "pickle", about: "Python's pickle of Selenium's cookies or requests' jar, only read",
	files: []string{"*.pkl", "*.pickle"},
	sign:  "a pickle of Python, of a list, a dict or a jar",
	sniff: sniffPickle, read: readPickle,
}

// maxPickle is the length in bytes of the longest file that is read.
const maxPickle = 4 << 20

// pickleBegins are the beginnings of lists, dicts and objects in protocols 0 and 1; later ones tell their number.
var pickleBegins = []string{"(lp", "(dp", "]q\x00", "}q\x00", "ccopy_reg\n", "ccopyreg\n"}

func sniffPickle(head []byte) bool {
	for _, begin := range pickleBegins {
		if bytes.HasPrefix(head, []byte(begin)) {
			return true
		}
	}
	return len(head) > 2 && head[0] == opProto && 2 <= head[1] && head[1] <= 5
}

func readPickle(in *bufio.Reader, o *Options, s *sink) error {
	data, err := io.ReadAll(io.LimitReader(in, maxPickle+1))
	if err != nil {
		return err
	}
	if len(data) > maxPickle {
		return fmt.Errorf("it has more than %d bytes", maxPickle)
	}
	r := pickleReader{sink: s, options: o, walked: map[any]bool{}}
	for at := 0; at < len(data); {
		m := pickleMachine{data: data, at: at}
		value, err := m.run()
		if err != nil && at > 0 && m.at == at+1 {
			s.note(place{unit: "byte", n: at + 1}, "the file goes on after its end, and the rest is not read")
			return nil
		}
		r.value(value, 0)
		if err != nil {
			err = fmt.Errorf("byte %d: %w", m.at, err)
			if s.Read+s.Expired == 0 {
				return err
			}
			s.note(place{}, "what comes after: "+err.Error())
			return nil
		}
		at = m.at
	}
	return nil
}

// A pickleReader finds the cookies in what has been read.
type pickleReader struct {
	*sink
	options *Options
	n       int          // entries so far
	walked  map[any]bool // lists, dicts and objects: a file can have one of them in any number of places
}

func (r *pickleReader) next() place {
	r.n++
	return place{unit: "entry", n: r.n}
}

func (r *pickleReader) noCookie(v any) {
	r.leaveOut(r.next(), nil, "it is "+pickleKind(v)+", and no cookie")
}

// value reads a cookie, or what has cookies inside.
func (r *pickleReader) value(v any, depth int) {
	switch v.(type) {
	case *pickleList, *pickleDict, *pickleObject:
		if r.walked[v] || depth > maxDepth {
			r.leaveOut(r.next(), nil, "it has been read before, or lies too deep")
			return
		}
		r.walked[v] = true
	}
	switch v := v.(type) {
	case *pickleList:
		for _, element := range v.items {
			r.value(element, depth+1)
		}
	case *pickleDict:
		r.dict(v, depth)
	case *pickleObject:
		r.object(v, depth)
	default:
		r.noCookie(v)
	}
}

// dict reads a dict: a cookie, names and values, or others by domain and path as http.cookiejar keeps them.
func (r *pickleReader) dict(d *pickleDict, depth int) {
	if _, cookie := d.get("value"); cookie {
		r.take(d.fields(), nil)
		return
	}
	if cookies, ok := d.get("cookies"); ok {
		r.value(cookies, depth+1)
		return
	}
	for i, key := range d.keys {
		name, named := key.(string)
		value, text := d.values[i].(string)
		switch {
		case !named || !text:
			r.value(d.values[i], depth+1)
		case r.options.URL == nil:
			r.leaveOut(r.next(), &jar.Cookie{Name: name}, errNoURL.Error())
		default:
			c := sentTo(name, value, r.options.URL)
			r.add(r.next(), &c, guessed)
		}
	}
}

// object reads a cookie of http.cookiejar, or a jar or session by its state.
func (r *pickleReader) object(o *pickleObject, depth int) {
	state, _ := o.state.(*pickleDict)
	if state == nil {
		r.noCookie(o)
		return
	}
	for _, key := range []string{"_cookies", "cookies"} {
		if cookies, ok := state.get(key); ok {
			r.value(cookies, depth+1)
			return
		}
	}
	if o.class != "http.cookiejar.Cookie" && o.class != "cookielib.Cookie" {
		r.noCookie(o)
		return
	}
	fields := state.fields()
	domain, _ := fields["domain"].(string)
	fields["domain"] = pythonHost(domain)
	if rest, ok := fields["_rest"].(map[string]any); ok {
		fields["rest"] = rest
		for name, value := range rest {
			if strings.EqualFold(name, "SameSite") {
				fields["sameSite"] = value
			}
		}
	}
	r.take(fields, func(_ *record, c *jar.Cookie) {
		c.Name, c.Value = latinBytes(c.Name), latinBytes(c.Value) // they came from a header
	})
}

// take gives a cookie to the sink by its fields.
func (r *pickleReader) take(fields map[string]any, more func(*record, *jar.Cookie)) {
	(&record{fields: fields}).take(r.next(), r.options, r.sink, more)
}

// pickleKind says what a value is, without what is in it.
func pickleKind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a truth value"
	case string:
		return "a string"
	case *pickleObject:
		return fmt.Sprintf("an object of the class %.60q", v.class)
	case pickleGlobal:
		return fmt.Sprintf("the name %.60q", string(v))
	case json.Number:
		return "a number"
	}
	return "a list or dict"
}

// The values that a pickle has beside nil, bool, string (of text or of bytes) and json.Number.
type (
	pickleGlobal string // a function or a class
	pickleList   struct{ items []any }
	pickleDict   struct{ keys, values []any }
	// A pickleObject is a call, or an object with its state.
	pickleObject struct {
		class string
		state any
	}
)

func (d *pickleDict) set(key, value any) {
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// get returns the value of a key that is a string. Of several ones the last counts.
func (d *pickleDict) get(name string) (v any, ok bool) {
	for i, key := range d.keys {
		if key == any(name) {
			v, ok = d.values[i], true
		}
	}
	return v, ok
}

// fields is a dict as a record has it. What has no place in one counts as a list, which is none of its types.
func (d *pickleDict) fields() map[string]any {
	fields := map[string]any{}
	for i, key := range d.keys {
		if name, ok := key.(string); ok {
			fields[name] = d.values[i]
		}
	}
	for name, value := range fields {
		switch v := value.(type) {
		case nil, bool, string, json.Number:
		case *pickleDict:
			inner := map[string]any{}
			if name == "_rest" || name == "partitionKey" {
				for i, key := range v.keys {
					name, _ := key.(string)
					inner[name] = v.values[i]
				}
			}
			fields[name] = inner
		default:
			fields[name] = []any{}
		}
	}
	return fields
}

// pickleFloat is a number, or the text of what is none.
func pickleFloat(f float64) any {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return text
	}
	return json.Number(text)
}

// pickleInt is an integer of any length, little-endian in two's complement.
func pickleInt(raw []byte) json.Number {
	n := new(big.Int)
	for i := len(raw) - 1; i >= 0; i-- {
		n.Or(n.Lsh(n, 8), big.NewInt(int64(raw[i])))
	}
	if len(raw) > 0 && raw[len(raw)-1]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	return json.Number(n.String())
}

var errPickleText = errors.New("a text in it is cut or has a wrong escape")

// pickleText is the text of a line of protocol 0: as Python writes a string (quoted), or with \u alone.
func pickleText(line string, quoted bool) (string, error) {
	if quoted {
		if len(line) < 2 || line[0] != line[len(line)-1] || line[0] != '\'' && line[0] != '"' {
			return "", errPickleText
		}
		line = line[1 : len(line)-1]
	}
	var b strings.Builder
	for len(line) > 0 {
		i := strings.IndexByte(line, '\\')
		if i < 0 {
			i = len(line)
		}
		pickleRaw(&b, line[:i], quoted)
		if line = line[i:]; line == "" {
			break
		}
		if !quoted && !strings.HasPrefix(line, `\u`) && !strings.HasPrefix(line, `\U`) {
			b.WriteByte('\\') // it stands for itself there
			line = line[1:]
			continue
		}
		r, isByte, tail, err := pickleEscape(line)
		if err != nil {
			return "", errPickleText
		}
		if isByte {
			b.WriteByte(byte(r))
		} else {
			b.WriteRune(r)
		}
		line = tail
	}
	return b.String(), nil
}

// pickleRaw writes what has no escape: bytes, or characters of Latin-1.
func pickleRaw(b *strings.Builder, text string, bytes bool) {
	if bytes {
		b.WriteString(text)
		return
	}
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
}

// pickleEscape reads the escape at the beginning of a text.
func pickleEscape(text string) (r rune, isByte bool, tail string, err error) {
	quote := byte('\'')
	if strings.HasPrefix(text, `\"`) {
		quote = '"'
	}
	r, multibyte, tail, err := strconv.UnquoteChar(text, quote)
	return r, !multibyte, tail, err
}
