package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile is the size of the largest configuration file, in bytes.
const maxFile = 1 << 20

// A document is a configuration file as it was read.
type document struct {
	name  string
	flags Serve
	at    map[string]*yaml.Node // the value of each key that is there, by its path; its key if that is unknown

	problems []*Problem
}

// readFile reads a configuration file. An error is made of problems, or says that there is no such file.
func readFile(name string) (*document, error) {
	text, err := readAtMost(name, maxFile)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	return parseFile(name, text)
}

func readAtMost(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return text, err
}

// parseFile reads the text of a configuration file, and names every mistake that can be told without other keys.
func parseFile(name string, text []byte) (*document, error) {
	f := &document{name: name, at: make(map[string]*yaml.Node)}
	fill(reflect.ValueOf(&f.flags).Elem())
	var root, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&root); {
	case err == io.EOF:
		return nil, f.problemAt(&yaml.Node{Line: 1, Column: 1}, "", "the file is empty; see coatcheck config example")
	case err != nil:
		return nil, f.syntax(err, text)
	}
	if err := decoder.Decode(&more); err != io.EOF {
		if err != nil {
			return nil, f.syntax(err, text)
		}
		return nil, f.problemAt(&more, "", `there is a second document; take out the line "---"`)
	}
	f.read(root.Content[0], reflect.ValueOf(&f.flags).Elem(), "", nil)
	return f, join(f.problems)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+)(?:, column (\d+))?: )?`)

// unreadable returns where a text has the first byte that YAML does not allow, and 1:1 if there is none.
func unreadable(text []byte) (line, column int) {
	line, column = 1, 1
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == '\n':
			line, column = line+1, 1
		case r == utf8.RuneError && n == 1, r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return line, column
		default:
			column++
		}
		rest = rest[n:]
	}
	return 1, 1
}

// syntax reports text that is no YAML.
func (f *document) syntax(err error, in []byte) error {
	text, line, column := err.Error(), 1, 1
	if found := yamlLine.FindStringSubmatch(text); found != nil {
		text = text[len(found[0]):]
		line, column = max(atoi(found[1]), 1), max(atoi(found[2]), 1)
		if strings.HasPrefix(text, "did not find expected") {
			line = atoi(found[1]) + 1 // package yaml counts these from 0
		} else if alias := unknownAnchor.FindStringSubmatch(text); alias != nil {
			line, column = aliasAt(in, alias[1])
		} else if found[1] == "" {
			line, column = unreadable(in)
		}
	}
	return f.problemAt(&yaml.Node{Line: line, Column: column}, "",
		"this is no YAML: %s; indent with spaces, and put text with special signs in quotes", text)
}

var unknownAnchor = regexp.MustCompile(`^unknown anchor '([^']*)' referenced`)

// aliasAt returns where a text first has the alias of a name, which package yaml does not tell.
func aliasAt(text []byte, name string) (line, column int) {
	alias := regexp.MustCompile(`(?m)(?:^|[\s,\[{])\*` + regexp.QuoteMeta(name) + `(?:$|[\s,\]}])`)
	found := alias.FindIndex(text)
	if found == nil {
		return 1, 1
	}
	before := text[:found[0]+bytes.IndexByte(text[found[0]:], '*')]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

func (f *document) problemAt(n *yaml.Node, key, format string, args ...any) *Problem {
	return &Problem{File: f.name, Line: n.Line, Column: n.Column, Key: key, What: fmt.Sprintf(format, args...)}
}

func (f *document) add(n *yaml.Node, key, format string, args ...any) {
	f.problems = append(f.problems, f.problemAt(n, key, format, args...))
}

// read puts the value of a node into v.
func (f *document) read(n *yaml.Node, v reflect.Value, path string, k *knob) {
	switch {
	case n.Kind == yaml.AliasNode:
		f.add(n, path, "aliases are not read; write the value itself")
	case n.Anchor != "":
		f.add(n, path, "anchors are not read; leave out &%s", n.Anchor)
	case n.Tag != "" && n.Style&yaml.TaggedStyle != 0:
		f.add(n, path, "tags are not read; leave out %s", n.Tag)
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		f.add(n, path, "there is no value; write one, or take the key out")
	case isText(v.Type()):
		f.readScalar(n, v, path, k)
	case v.Kind() == reflect.Struct:
		f.readMapping(n, v, path)
	case v.Kind() == reflect.Slice:
		f.readSequence(n, v, path, k)
	default:
		f.readScalar(n, v, path, k)
	}
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (f *document) readMapping(n *yaml.Node, v reflect.Value, path string) {
	keys := keysOf(v.Type())
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	if n.Kind != yaml.MappingNode {
		f.add(n, path, "%s, and keys with values are needed, such as \"%s: …\"", kindOf(n), names[0])
		return
	}
	seen := make(map[string]bool)
	for i := 0; i < len(n.Content); i += 2 {
		at, value := n.Content[i], n.Content[i+1]
		name := at.Value
		below := strings.TrimPrefix(path+"."+clip(name), ".")
		k := find(keys, name)
		switch {
		case at.Kind != yaml.ScalarNode:
			f.add(at, path, "%s where a key is needed; in YAML, text that begins with a bracket belongs in "+
				"quotes", kindOf(at))
		case name == "<<":
			f.add(at, below, "merge keys are not read; write the keys themselves")
		case seen[name]:
			f.add(at, below, "the key is there twice; take one of them out")
		case k == nil:
			f.add(at, below, "%s", unknown(name, names, path))
		default:
			f.at[below] = value
			f.read(value, v.FieldByIndex(k.index), below, k)
		}
		seen[name] = true
	}
}

func clip(name string) string {
	const most = 100
	return name[:min(len(name), most)]
}

func find(keys []knob, name string) *knob {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	return nil
}

// unknown says what to do about a key that there is not.
func unknown(name string, names []string, path string) string {
	if hint, ok := hints[name]; ok {
		return "there is no such key; " + hint
	}
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("there is no such key; did you mean %q?", near)
	}
	return "there is no such key; take it out (coatcheck config example lists all keys)"
}

// hints are what other programs call things, and what people look for elsewhere.
var hints = map[string]string{
	"cookie-name":     `write "cookie:", and below it "name:"`,
	"cookie-domain":   `write "cookie:", and below it "domain:"`,
	"secure":          "cookies are always Secure, but with dev: true",
	"httponly":        "the cookie is always HttpOnly",
	"http-only":       "the cookie is always HttpOnly",
	"path":            `a route says "match: /static/", and the cookie is always for all paths`,
	"host":            `write "hosts: [shop.example]"`,
	"ttl":             `write "idle-timeout" and "lifetime"`,
	"timeout":         `write "idle-timeout", "lifetime" or "upstream-timeout"`,
	"rules":           `write "routes"`,
	"trusted-origins": `write "trust-origin"`,
	"trusted-proxies": `write "trust-proxy"`,
	"redis":           `write "store: redis://HOST:6379/0"`,
	"database":        `write "store"`,
	"config":          "a file cannot name another one",
	"required":        `write "access: required"`,
	"optional":        `write "access: optional"`,
}

func (f *document) readSequence(n *yaml.Node, v reflect.Value, path string, k *knob) {
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode && !k.secret() {
			hint = fmt.Sprintf(": write [%.100s]", n.Value)
		}
		f.add(n, path, "%s, and a list is needed%s", kindOf(n), hint)
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		f.at[at] = item
		if list.Index(i).Kind() == reflect.Struct && !isText(list.Index(i).Type()) {
			fill(list.Index(i))
		}
		f.read(item, list.Index(i), at, k)
	}
	v.Set(list)
}

func (f *document) readScalar(n *yaml.Node, v reflect.Value, path string, k *knob) {
	want := wanted(v.Type())
	if n.Kind != yaml.ScalarNode {
		f.add(n, path, "%s, and %s is needed", kindOf(n), want)
		return
	}
	tag := n.ShortTag()
	if tag != tagOf(v.Type()) && !(v.Type() == reflect.TypeFor[time.Duration]() && n.Value == "0") {
		hint := ""
		switch {
		case want == "text":
			hint = fmt.Sprintf(": write %q", clip(n.Value))
		case v.Type() == reflect.TypeFor[time.Duration]() && tag == "!!int":
			hint = fmt.Sprintf(": %ss, %sm or %sh?", n.Value, n.Value, n.Value)
		case v.Kind() == reflect.Bool && tag == "!!str":
			hint = ": write true or false, without quotes"
		}
		f.add(n, path, "%s, and %s is needed%s", kindOf(n), want, hint)
		return
	}
	if k != nil && k.enum() != nil && !contains(k.enum(), n.Value) {
		hint := ""
		if near := nearest(n.Value, k.enum()); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		f.add(n, path, "%.100q is not one of %s%s", n.Value, strings.Join(k.enum(), ", "), hint)
		return
	}
	if err := setText(v, n.Value); err != nil {
		f.add(n, path, "%s", err)
	}
}

func contains(list []string, text string) bool {
	for _, s := range list {
		if s == text {
			return true
		}
	}
	return false
}

// wanted says what a value has to be.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a time such as 30s, 10m or 24h"
	case isText(t), t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a whole number"
}

// tagOf returns the tag that a scalar of a type has in YAML.
func tagOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration](), isText(t), t.Kind() == reflect.String:
		return "!!str"
	case t.Kind() == reflect.Bool:
		return "!!bool"
	}
	return "!!int"
}

// kindOf says what stands there.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "these are keys with values"
	case n.Kind == yaml.SequenceNode:
		return "this is a list"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "this is a number"
	case "!!bool":
		return "this is true or false"
	case "!!timestamp":
		return "this is a date"
	}
	return "this is text"
}

// setText gives a scalar the value that a text stands for.
func setText(v reflect.Value, text string) error {
	if isText(v.Type()) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch v.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%.100q is no time; write one such as 30s, 10m, 24h or 1h30m (720h are 30 days)", text)
		}
		if d < 0 {
			return fmt.Errorf("%.100q is negative; leave out the sign", text)
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		if text == "" {
			return errors.New("the text is empty; write one, or take the key out")
		}
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(text == "true" || text == "True" || text == "TRUE")
	default:
		n, err := strconv.ParseInt(text, 0, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%.100q is no whole number that fits", text)
		}
		if n < 0 {
			return fmt.Errorf("%.100q is negative; leave out the sign", text)
		}
		v.SetInt(n)
	}
	return nil
}
