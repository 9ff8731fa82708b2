package config

import (
	_ "embed"
	"fmt"
	"io"
	"reflect"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
)

//go:embed example.yaml
var example string

// WriteExample writes a configuration file that is good as it is, and all keys as comments below it.
func WriteExample(w io.Writer) error {
	var b strings.Builder
	b.WriteString(example)
	b.WriteString("\n# All keys, with their defaults. Those of the program stand at the top of the file:\n#\n")
	describe(&b, reflect.TypeFor[Server](), "# ")
	describe(&b, reflect.TypeFor[Pushes](), "# ")
	b.WriteString("#\n# Those of a site stand below \"sites:\", or at the top if there is one site:\n#\n")
	describe(&b, reflect.TypeFor[Site](), "# ")
	_, err := io.WriteString(w, b.String())
	return err
}

// describe lists the keys of a struct.
func describe(b *strings.Builder, t reflect.Type, indent string) {
	for _, k := range keysOf(t) {
		help := helpOf(&k)
		b.WriteString(strings.TrimRight(indent+k.name+": "+placeholder(&k), " ") + "\n")
		for _, line := range wrap(help, 110-len(indent)) {
			fmt.Fprintf(b, "%s    # %s\n", indent, line)
		}
		below := k.field.Type
		if below.Kind() == reflect.Slice {
			below = below.Elem()
		}
		if below.Kind() == reflect.Struct && !isText(below) && below != reflect.TypeFor[Site]() {
			describe(b, below, indent+"  ")
		}
	}
}

// helpOf is the help of a flag, as it is said of a key.
func helpOf(k *knob) string {
	return strings.NewReplacer(" Default: ${default}", "", " Repeatable.", "", "${schemes}", backend.Schemes()).
		Replace(k.field.Tag.Get("help"))
}

// placeholder is the default of a key, or what its value looks like.
func placeholder(k *knob) string {
	if text := k.field.Tag.Get("default"); text != "" && !strings.HasPrefix(text, "${") {
		return text
	}
	switch {
	case k.field.Type.Kind() == reflect.Slice && k.field.Tag.Get("placeholder") != "":
		return "[" + k.field.Tag.Get("placeholder") + "]"
	case k.field.Type.Kind() == reflect.Bool:
		return "false"
	case k.field.Tag.Get("placeholder") == "" && k.enum() != nil:
		return strings.Join(k.enum(), "|")
	}
	return k.field.Tag.Get("placeholder")
}

// wrap breaks a text into lines.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
