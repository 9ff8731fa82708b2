package archtest_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"coatcheck.dev/internal/archtest"
)

func TestRepository(t *testing.T) {
	tree, err := archtest.Read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Mods) != 7 || len(tree.Packages) < 5 {
		t.Fatalf("read %d modules and %d packages, so this is not the repository", len(tree.Mods), len(tree.Packages))
	}
	for _, rule := range archtest.Rules {
		t.Run(rule.Name, func(t *testing.T) {
			for _, breach := range rule.Check(tree) {
				t.Errorf("%s\n\t%s", breach, rule.Why)
			}
		})
	}
}

func TestEveryLineHasAReason(t *testing.T) {
	seen := make(map[string]bool)
	for _, room := range archtest.Rooms {
		if room.Why == "" {
			t.Errorf("room %s has no reason", room.Path)
		}
		if seen[room.Path] {
			t.Errorf("room %s is there twice", room.Path)
		}
		seen[room.Path] = true
	}
	for _, rule := range archtest.Rules {
		if rule.Why == "" {
			t.Errorf("rule %s has no reason", rule.Name)
		}
	}
}

// Arrows go down: a room may only use library rooms that stand above it in the table.
func TestRoomsUseWhatStandsBelow(t *testing.T) {
	all := make(map[string]bool)
	for _, room := range archtest.Rooms {
		all[room.Path] = true
	}
	built := make(map[string]bool)
	for _, room := range archtest.Rooms {
		for _, path := range room.May {
			if all[path] && !built[path] {
				t.Errorf("%s uses %s, which is not below it", room.Path, path)
			}
		}
		built[room.Path] = true
	}
}

// sound is a small repository that keeps every rule; the cases below change a file of it, or add one.
var sound = map[string]string{
	"go.mod":                           "module coatcheck.dev\n\ngo 1.26\n\nrequire golang.org/x/net v0.1.0\n",
	"README.md":                        "See https://example.org/work/it and ../shared/root/x.\n",
	"cookie/cookie.go":                 "// Package cookie is.\npackage cookie\n\nimport \"strings\"\n\n// Name is.\nvar Name = strings.ToUpper(\"c\")\n",
	"store/store.go":                   "// Package store is.\npackage store\n",
	"store/storetest/storetest.go":     "// Package storetest is.\npackage storetest\n\nimport _ \"coatcheck.dev/store\"\n",
	"session/session.go":               "// Package session is.\npackage session\n\nimport _ \"coatcheck.dev/cookie\"\n",
	"session/session_test.go":          "package session_test\n\nimport (\n\t_ \"coatcheck.dev/session\"\n\t_ \"coatcheck.dev/store/storetest\"\n)\n",
	"jar/jar.go":                       "// Package jar is.\npackage jar\n\nimport _ \"golang.org/x/net/publicsuffix\"\n",
	"jar/testdata/broken.go":           "package {",
	"jar/logo.png":                     "\x00\x89PNG /wo" + "rk/place",
	"cmd/coatcheck/go.mod":             "module coatcheck.dev/cmd/coatcheck\n\nrequire (\n\tcoatcheck.dev v0.0.0\n\tmodernc.org/sqlite v1.0.0\n)\n\nreplace coatcheck.dev => ../..\n",
	"cmd/coatcheck/main.go":            "// Coatcheck is.\npackage main\n\nimport (\n\t_ \"coatcheck.dev/cmd/coatcheck/internal/gate\"\n\t_ \"modernc.org/sqlite\"\n)\n",
	"cmd/coatcheck/main_test.go":       "package main\n\nimport _ \"github.com/rogpeppe/go-internal/testscript\"\n",
	"cmd/coatcheck/internal/gate/g.go": "// Package gate is.\npackage gate\n\nimport _ \"coatcheck.dev/session\"\n",
	"store/sql/pgxlisten/go.mod":       "module coatcheck.dev/store/sql/pgxlisten\n\nrequire (\n\tcoatcheck.dev v0.0.0\n\tgithub.com/jackc/pgx/v5 v5.0.0\n)\n",
	"store/sql/pgxlisten/listen.go":    "// Package pgxlisten is.\npackage pgxlisten\n\nimport _ \"github.com/jackc/pgx/v5\"\n",
	"store/sql/pgxlisten/ex_test.go":   "package pgxlisten_test\n\nimport _ \"coatcheck.dev/session\"\n",
	"cmd/coatcheck/listen.go":          "package main\n\nimport _ \"coatcheck.dev/store/sql/pgxlisten\"\n",
	"test/go.mod":                      "module coatcheck.dev/test\n",
	"test/end_test.go":                 "// End to end.\npackage end\n\nimport _ \"github.com/chromedp/chromedp\"\n",
}

// Each rule is broken in every way it knows; no other rule may complain then.
func TestBreaches(t *testing.T) {
	for _, c := range []struct {
		rule, name, file, content string
		want                      string // in the only breach; empty: none
	}{
		{"", "nothing", "cookie/more.go", "package cookie\n", ""},

		{"imports", "upwards", "cookie/cookie.go",
			"// Package cookie is.\npackage cookie\n\nimport _ \"coatcheck.dev/session\"\n",
			"cookie/cookie.go: cookie may not import coatcheck.dev/session"},
		{"imports", "driver in the library", "store/sql/sql.go",
			"// Package sql is.\npackage sql\n\nimport _ \"modernc.org/sqlite\"\n", "may not import modernc.org/sqlite"},
		{"imports", "neighbour of what is allowed", "jar/more.go",
			"package jar\n\nimport _ \"golang.org/x/net/html\"\n", "jar may not import golang.org/x/net/html"},
		{"imports", "module whose name begins alike", "store/near/near.go",
			"// Package near is.\npackage near\n\nimport _ \"github.com/maypok86/otter/v2x\"\n", "may not import"},
		{"imports", "library uses the program", "csrf/csrf_test.go",
			"// Tests.\npackage csrf\n\nimport _ \"coatcheck.dev/cmd/coatcheck/internal/gate\"\n", "may not import coatcheck.dev/cmd"},
		{"imports", "test in the library adds a module", "cookie/cookie_test.go",
			"package cookie_test\n\nimport _ \"github.com/google/go-cmp/cmp\"\n", "may not import github.com/google/go-cmp/cmp"},
		{"imports", "program takes what nobody chose", "cmd/coatcheck/router.go",
			"package main\n\nimport _ \"github.com/go-chi/chi/v5\"\n", "may not import github.com/go-chi/chi/v5"},
		{"imports", "library uses an adapter", "store/sql/sql.go",
			"// Package sql is.\npackage sql\n\nimport _ \"coatcheck.dev/store/sql/pgxlisten\"\n", "may not import coatcheck.dev/store/sql/pgxlisten"},
		{"imports", "adapter takes another client", "store/sql/pgxlisten/more.go",
			"package pgxlisten\n\nimport _ \"github.com/redis/rueidis\"\n", "may not import github.com/redis/rueidis"},
		{"imports", "program uses an adapter that nobody chose", "cmd/coatcheck/more.go",
			"package main\n\nimport _ \"coatcheck.dev/store/redis/goredisstore\"\n", "may not import coatcheck.dev/store/redis/goredisstore"},
		{"imports", "room that nobody planned", "attic/attic.go",
			"// Package attic is.\npackage attic\n", "no line in the table"},

		{"requires", "fourth module", "go.mod",
			"module coatcheck.dev\n\nrequire (\n\tgolang.org/x/net v0.1.0\n\tgolang.org/x/text v0.1.0\n)\n", "golang.org/x/text"},
		{"", "indirect require", "go.mod",
			"module coatcheck.dev\n\nrequire golang.org/x/text v0.1.0 // indirect\n", ""},
		{"requires", "replace", "go.mod", "module coatcheck.dev\n\nreplace golang.org/x/net => ../net\n", "a replace"},

		{"package names", "by package", "test/internal/u/u.go", "// Package util is.\npackage util\n", "package util"},
		{"package names", "by folder", "test/common/c.go", "// Package c is.\npackage c\n", "test/common"},

		{"package docs", "none", "cookie/cookie.go", "package cookie\n", "cookie: package cookie has no comment"},
		{"package docs", "only in a test", "bound/bound.go", "package bound\n", "bound: package bound has no comment"},
		{"package docs", "of a program", "cmd/coatcheck/main.go", "package main\n", "cmd/coatcheck: package main has no comment"},
		{"package docs", "of another package", "store/store.go", "// Package shop is.\npackage store\n", "begin with Package store"},
		{"package docs", "of tests alone", "test/end_test.go", "package end\n", "test: package end has no comment"},

		{"docs", "function", "cookie/more.go", "package cookie\n\nfunc Read() {}\n", "more.go: Read has no comment"},
		{"docs", "method", "cookie/more.go", "package cookie\n\n// T is.\ntype T[K any] int\n\nfunc (*T[K]) Read() {}\n", "Read"},
		{"", "method of what nobody sees", "cookie/more.go", "package cookie\n\ntype t int\n\nfunc (*t) Read() {}\n", ""},
		{"docs", "type", "cookie/more.go", "package cookie\n\ntype T int\n", "T has no comment"},
		{"docs", "constant in a group", "cookie/more.go",
			"package cookie\n\nconst (\n\tA = 1 // is one\n\tB = 2\n\tc = 3\n)\n", "B has no comment"},
		{"", "group", "cookie/more.go", "package cookie\n\n// Numbers.\nconst (\n\tA = 1\n\tB = 2\n)\n", ""},

		{"workplace", "path", "NOTES.md", "one\nsee /wo" + "rk/main\n", "NOTES.md:2: a path"},
		{"workplace", "path in quotes", "jar/testdata/x.json", `{"at":"/ro` + `ot/x"}`, "x.json:1: a path"},
		{"workplace", "file URL", "NOTES.md", "file:///Us" + "ers/me", "NOTES.md:1: a path"},
		{"workplace", "registry", ".env", "GOPROXY=https://proxy.go" + "lang.org", ".env:1: the registry"},
	} {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			tree := read(t, c.file, c.content)
			for _, rule := range archtest.Rules {
				got := rule.Check(tree)
				if rule.Name != c.rule {
					if len(got) > 0 {
						t.Errorf("rule %s complains: %q", rule.Name, got)
					}
					continue
				}
				if len(got) != 1 || !strings.Contains(got[0], c.want) {
					t.Errorf("breaches %q, want one with %q", got, c.want)
				}
			}
		})
	}
}

// A breach of the session graph always is one of the table as well, as long as the table is what it is.
func TestSessionGraph(t *testing.T) {
	tree := read(t, "cookie/more.go", "package cookie\n\nimport _ \"golang.org/x/net/idna\"\n")
	for _, rule := range archtest.Rules {
		if rule.Name != "session graph" {
			continue
		}
		got := rule.Check(tree)
		if len(got) != 1 || !strings.Contains(got[0], "cookie/more.go: golang.org/x/net/idna") {
			t.Errorf("breaches %q, want the import that session reaches through cookie", got)
		}
		return
	}
	t.Error("there is no such rule")
}

func TestBrokenSource(t *testing.T) {
	if _, err := archtest.Read(repo("cookie/more.go", "package {")); err == nil {
		t.Error("source that does not parse was read")
	}
}

func read(t *testing.T, file, content string) *archtest.Tree {
	t.Helper()
	tree, err := archtest.Read(repo(file, content))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// repo is the sound one with one file changed or added.
func repo(file, content string) fstest.MapFS {
	files := fstest.MapFS{".git/config": {Data: []byte("/wo" + "rk/place")}}
	for name, text := range sound {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	files[file] = &fstest.MapFile{Data: []byte(content)}
	return files
}
