package config

import (
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/route"
)

// WriteSchema writes the JSON Schema of configuration files. It knows all keys and types and what contradicts itself
// within one site. What it cannot tell is told by [Serve.Check].
func WriteSchema(w io.Writer) error {
	text, err := json.MarshalIndent(Schema(), "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

const (
	timePattern  = `^(0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`
	matchPattern = `^([A-Z]+[ \t]+)?/[^?#\s]*$`
)

// Schema returns the schema.
func Schema() *jsonschema.Schema {
	r := jsonschema.Reflector{
		FieldNameTag: "yaml", DoNotReference: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true,
		Anonymous: true,
		Mapper:    scalar,
	}
	s := r.Reflect(&Serve{})
	s.Title = "Configuration of coatcheck serve"
	describeSchema(s, reflect.TypeFor[Serve](), "")
	items, _ := s.Properties.Get("sites")
	narrowSite(s)
	narrowSite(items.Items)
	items.MinItems = ptr(uint64(1))
	narrowPushes(s)
	items.Items.AnyOf = []*jsonschema.Schema{{Required: []string{"upstream"}}, {Required: []string{"beside"}}}
	s.AllOf = append(s.AllOf, excludes([]string{"sites"}, siteKeys()...), excludes([]string{"move-from"}, "move-to"))
	return s
}

func ptr[T any](v T) *T { return &v }

// scalar is the schema of what is a scalar in a file.
func scalar(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string", Pattern: timePattern}, {Type: "integer", Const: 0},
		}}
	case reflect.TypeFor[route.Pattern]():
		return &jsonschema.Schema{Type: "string", Pattern: matchPattern}
	case reflect.TypeFor[Network]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)(/0*[1-9][0-9]*)?$`}
	}
	return nil
}

// describeSchema adds to each property what the tags of its field say.
func describeSchema(s *jsonschema.Schema, t reflect.Type, path string) {
	for _, k := range keysOf(t) {
		p, ok := s.Properties.Get(k.name)
		if !ok {
			continue
		}
		p.Description = helpOf(&k)
		if text := k.field.Tag.Get("default"); text != "" && !strings.HasPrefix(text, "${") {
			p.Default = text
			if n, err := strconv.Atoi(text); err == nil {
				p.Default = n
			}
		}
		values := p
		if k.field.Type.Kind() == reflect.Slice {
			values = p.Items
		}
		for _, value := range k.enum() {
			values.Enum = append(values.Enum, value)
		}
		narrow(p, k.field.Type, path+k.name)
		switch below := k.field.Type; {
		case isText(below):
		case below.Kind() == reflect.Struct:
			describeSchema(p, below, path+k.name+".")
		case below.Kind() == reflect.Slice && below.Elem().Kind() == reflect.Struct && !isText(below.Elem()):
			describeSchema(p.Items, below.Elem(), k.name+".")
		}
	}
}

// narrow bounds a value as far as a schema can.
func narrow(p *jsonschema.Schema, t reflect.Type, path string) {
	path = strings.TrimPrefix(path, "sites.")
	if text, ok := patterns[path]; ok {
		at := p
		if t.Kind() == reflect.Slice {
			at = p.Items
		}
		at.Pattern = text
	}
	switch {
	case isText(t):
	case t.Kind() == reflect.String:
		p.MinLength = ptr(uint64(1))
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64 && t != reflect.TypeFor[time.Duration]():
		p.Minimum = json.Number(map[bool]string{true: "0", false: "1"}[path == "client-connections" ||
			path == "routes.level"])
		if path == "max-bytes" {
			p.Maximum = json.Number(strconv.Itoa(gate.MaxBytes))
		}
	}
}

// patterns are what texts have to look like.
var patterns = map[string]string{
	"listen":         `^.*:[0-9]{1,5}$`,
	"console-listen": `^.*:[0-9]{1,5}$`,
	"hosts":          `^(\*\.)?([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`,
	"upstream":       `^((https?|h2c)://[^/?#@]+/?|unix:/[^?#]+|[^/:?#@]+:[0-9]{1,5})$`,
	"store":          `^[a-z+0-9]+:.+`,
	"sign-in":        `^/([^/\\\s#][^\\\s#]*)?$`,
	"public":         `^/[^\s{}]+$`,
	"pass-header":    `^[A-Za-z0-9!#$%&'*+.^_|~-]+$`,
	"trust-origin":   `^[a-z][a-z0-9+.-]*://[^/?#@*A-Z]+$`,
	"tokens-issuer":  `^https?://.+`,
	"cookie.name":    `^__(Host|Secure)-[A-Za-z0-9!#$%&'*+.^_|~-]{1,91}$`,
	"webhooks.name":  `^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`,
	"webhooks.url":   `^https?://[^/?#@]+([/?][^#]*)?$`,
	"cookie.domain":  `^([a-zA-Z0-9_-]+\.)+[a-zA-Z-][a-zA-Z0-9-]*$`,
}

// narrowPushes says what receivers need.
func narrowPushes(s *jsonschema.Schema) {
	webhooks, _ := s.Properties.Get("webhooks")
	webhooks.Items.Required = []string{"name", "url", "secrets"}
	secrets, _ := webhooks.Items.Properties.Get("secrets")
	secrets.MinItems, secrets.MaxItems = ptr(uint64(1)), ptr(uint64(4))
	signals, _ := s.Properties.Get("shared-signals")
	signals.Required = []string{"url", "issuer", "audience"}
}

// narrowSite refuses what contradicts itself within one site.
func narrowSite(s *jsonschema.Schema) {
	hosts, _ := s.Properties.Get("hosts")
	hosts.MinItems = ptr(uint64(1))
	s.DependentRequired = map[string][]string{
		"tokens-for": {"tokens-issuer"}, "upstream-ca": {"upstream"},
	}
	s.AllOf = append(s.AllOf, excludes([]string{"beside"}, "upstream-ca", "pass-header", "inventory"))
	s.AllOf = append(s.AllOf, when("upstream-ca", nil, "upstream", &jsonschema.Schema{Pattern: "^https://"}))
	cookie, _ := s.Properties.Get("cookie")
	cookie.AllOf = []*jsonschema.Schema{
		when("domain", nil, "name", &jsonschema.Schema{Pattern: "^__Secure-"}),
		when("partitioned", true, "same-site", &jsonschema.Schema{Enum: []any{"none"}}),
		{If: has("same-site", "none"), Then: has("partitioned", true)},
	}
	routes, _ := s.Properties.Get("routes")
	routes.Items.Required = []string{"match"}
	required := &jsonschema.Schema{Enum: []any{"required"}}
	routes.Items.AllOf = []*jsonschema.Schema{
		when("recent", nil, "access", required), when("level", nil, "access", required),
		excludes([]string{"recent"}, "stale"), excludes([]string{"level"}, "stale"),
		{If: has("access", "public"), Then: not("stale", "passive")},
		{If: has("access", "optional"), Then: not("stale")},
	}
}

// object is a schema that says what one key has to be.
func object(name string, is *jsonschema.Schema) *jsonschema.Schema {
	s := &jsonschema.Schema{Properties: jsonschema.NewProperties()}
	s.Properties.Set(name, is)
	return s
}

// has is true of an object with a key, of that value if it is not nil.
func has(name string, value any) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	if value != nil {
		s = object(name, &jsonschema.Schema{Const: value})
	}
	s.Required = []string{name}
	return s
}

// when says what another key has to be where one is.
func when(name string, value any, other string, is *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{If: has(name, value), Then: object(other, is)}
}

// not is true of an object without any of the keys.
func not(names ...string) *jsonschema.Schema {
	var any []*jsonschema.Schema
	for _, name := range names {
		any = append(any, has(name, nil))
	}
	return &jsonschema.Schema{Not: &jsonschema.Schema{AnyOf: any}}
}

// excludes says that where one key is, others are not.
func excludes(names []string, others ...string) *jsonschema.Schema {
	return &jsonschema.Schema{If: &jsonschema.Schema{Required: names}, Then: not(others...)}
}
