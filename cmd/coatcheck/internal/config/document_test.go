package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// parse returns what is wrong in a configuration file, as the program says it.
func parse(name string) []*config.Problem {
	_, err := config.Parse([]string{"serve", "--config", name}, &bytes.Buffer{})
	return config.Problems(err)
}

// Each mistake is told with its place, its key and what to do, and nothing else is complained of.
func TestMistakesAreToldWhereTheyAre(t *testing.T) {
	cleanEnv(t)
	for _, tt := range wrongFiles {
		name := filepath.Join("testdata", "wrong", tt.name+".yaml")
		found := parse(name)
		if len(found) != 1 {
			t.Errorf("%s: %d problems: %v", tt.name, len(found), found)
			continue
		}
		p := found[0]
		if p.File != name || p.Line != tt.line || p.Column != tt.column || p.Key != tt.key ||
			!strings.Contains(p.What, tt.says) || strings.ContainsAny(p.Error(), "\n") ||
			strings.Contains(p.Error(), "whsec_MfKQ") { // which is a secret
			t.Errorf("%s: %v, want %d:%d: %s: …%s…", tt.name, p, tt.line, tt.column, tt.key, tt.says)
		}
	}
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(files) != len(wrongFiles) {
		t.Errorf("%d files, %v, want %d", len(files), err, len(wrongFiles))
	}
}

// compiled returns the schema as an editor has it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var text bytes.Buffer
	if err := config.WriteSchema(&text); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("coatcheck.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("coatcheck.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON returns the value of a YAML text as JSON has it. A text that is no YAML, or has what JSON has not, has none.
func asJSON(text []byte) (value any, ok bool) {
	if err := yaml.Unmarshal(text, &value); err != nil {
		return nil, false
	}
	between, err := json.Marshal(value)
	if err != nil {
		return nil, false
	}
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(between))
	return value, err == nil
}

// The schema takes the example, with every key that can be, and refuses what is wrong as far as a schema can tell. An
// editor's YAML resolves anchors, merge keys and tags itself, so those are not its to find.
func TestSchema(t *testing.T) {
	schema := compiled(t)
	var example bytes.Buffer
	if err := config.WriteExample(&example); err != nil {
		t.Fatal(err)
	}
	value, ok := asJSON(example.Bytes())
	if !ok {
		t.Fatal("the example is no YAML")
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the example: %v", err)
	}
	refused := 0
	for _, tt := range wrongFiles {
		text, err := os.ReadFile(filepath.Join("testdata", "wrong", tt.name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if value, ok := asJSON(text); ok && !tt.beyond {
			if schema.Validate(value) == nil {
				t.Errorf("%s: the schema takes it", tt.name)
				continue
			}
			refused++
		}
	}
	if refused < 60 {
		t.Errorf("the schema refuses %d files, want 60", refused)
	}
}

// The example is good, and names every key.
func TestExample(t *testing.T) {
	cleanEnv(t)
	var example bytes.Buffer
	if err := config.WriteExample(&example); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "example.yaml")
	if err := os.WriteFile(name, example.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	line, err := config.Parse([]string{"serve", "--config", name}, &bytes.Buffer{})
	if err != nil || len(line.Serve.Sites) != 2 || line.Serve.LogFormat != "json" {
		t.Fatalf("%v, %+v", err, line.Serve)
	}
	for path := range config.Paths() {
		if name := path[strings.LastIndexByte(path, '.')+1:]; !strings.Contains(example.String(), name+":") {
			t.Errorf("the example lacks %s", path)
		}
	}
}

// Every key with a single value is a flag and a variable of the environment by the same name, and wins from there.
func TestFlagsAndEnvironmentWinOverTheFile(t *testing.T) {
	cleanEnv(t)
	name := filepath.Join(t.TempDir(), "c.yaml")
	text := "upstream: http://file\nlifetime: 2h\nidle-timeout: 5m\nlease: 7s\ncookie: {name: __Host-file}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COATCHECK_LIFETIME", "3h")
	t.Setenv("COATCHECK_CONFIG", name)
	line, err := config.Parse([]string{"serve", "--cookie-name=__Host-flag"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	s := line.Serve
	if s.Upstream != "http://file" || s.Lifetime.Hours() != 3 || s.IdleTimeout.Minutes() != 5 ||
		s.Lease.Seconds() != 7 ||
		s.Cookie.Name != "__Host-flag" || s.MaxSessions != 100 {
		t.Errorf("%+v", s)
	}
	for path, flag := range config.Paths() {
		if !flag {
			continue
		}
		name := strings.ReplaceAll(path, ".", "-")
		var help bytes.Buffer
		config.Parse([]string{"serve", "--help"}, &help)
		if !strings.Contains(help.String(), "--"+name) {
			t.Errorf("%s has no flag --%s", path, name)
		}
	}
}

// What the flags say wrongly is told by the flag's name.
func TestWrongFlagsAreToldByName(t *testing.T) {
	cleanEnv(t)
	for args, says := range map[string]string{
		"--upstream http://a --cookie-name sid":     "--cookie-name",
		"--upstream http://a --trust-origin a":      "--trust-origin",
		"--upstream http://a --idle-timeout 48h":    "--idle-timeout",
		"--upstream http://a --listen a":            "--listen",
		"--upstream http://a --config /nowhere.yml": "/nowhere.yml",
		"--upstream http://a --config testdata":     "testdata",
		"--upstream http://a --preset aal9":         "preset",
	} {
		_, err := config.Parse(strings.Fields("serve "+args), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", args, err, says)
		}
	}
}

// Whatever a file has, it is good, or each problem has its place in it. What is good is good a second time.
func FuzzDocument(f *testing.F) {
	for _, tt := range wrongFiles {
		text, err := os.ReadFile(filepath.Join("testdata", "wrong", tt.name+".yaml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	var example bytes.Buffer
	if err := config.WriteExample(&example); err != nil {
		f.Fatal(err)
	}
	f.Add(example.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := config.ParseDocument("c.yaml", text)
		if err == nil {
			return
		}
		problems := config.Problems(err)
		if len(problems) == 0 {
			t.Fatalf("%v has no problems", err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Line > bytes.Count(text, []byte("\n"))+2 || p.Column < 1 || p.What == "" ||
				strings.ContainsAny(p.Error(), "\n") {
				t.Errorf("%q", p.Error())
			}
		}
	})
}
