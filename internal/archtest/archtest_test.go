package archtest_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"coatcheck.dev/internal/archtest"
)

func TestRepository(t *testing.T) {
	tree, err := archtest.Read(os.DirFS("../.."), archtest.Rooms)
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

var update = flag.Bool("update", false, "write the table of rooms to CONTRIBUTING.md")

// CONTRIBUTING.md has the table of rooms as it is.
func TestContributing(t *testing.T) {
	const (
		file       = "../../CONTRIBUTING.md"
		begin, end = "<!-- rooms -->\n", "<!-- end of rooms -->\n"
	)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", file)
	}
	want := archtest.Table(archtest.Rooms)
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Error("the table in CONTRIBUTING.md is not up to date: go test ./internal/archtest -update")
	}
}

func TestEveryLineHasAReason(t *testing.T) {
	seen := make(map[string]bool)
	for _, room := range archtest.Rooms {
		if room.Why == "" || room.Holds == "" {
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

// rooms are those of a small house.
var rooms = []archtest.Room{
	{Floor: 1, Path: "cookie"},
	{Floor: 1, Path: "store"},
	{Floor: 1, Path: "store/storetest", May: []string{"store"}},
	{Floor: 1, Path: "store/sql/pgxlisten", May: []string{"github.com/jackc/pgx/v5"}},
	{Floor: 2, Path: "session", May: []string{"cookie"}},
	{Floor: 2, Path: "jar", May: []string{"golang.org/x/net/publicsuffix"}},
	{Floor: 4, Path: "cmd/coatcheck/...", May: []string{archtest.Ours, "store/sql/pgxlisten", "modernc.org/sqlite"}},
	{Path: "test/...", May: []string{archtest.Everything}},
}

// sound is a small repository that keeps every rule; the cases below change a file of it, add one, or take one away.
const sound = `
-- go.mod --
module coatcheck.dev

go 1.26

require golang.org/x/net v0.1.0
-- README.md --
See https://example.org/work/it and ../shared/root/x.
-- cookie/cookie.go --
// Package cookie is.
package cookie

import "strings"

// Name is.
var Name = strings.ToUpper("c")
-- store/store.go --
// Package store is.
package store

// Store is.
type Store interface{}

type row int
-- store/storetest/storetest.go --
// Package storetest is.
package storetest

import _ "coatcheck.dev/store"
-- store/storetest/its_test.go --
// Package storetest is.
package storetest
-- store/sql/pgxlisten/go.mod --
module coatcheck.dev/store/sql/pgxlisten

require (
	coatcheck.dev v0.0.0
	github.com/jackc/pgx/v5 v5.0.0
)
-- store/sql/pgxlisten/listen.go --
// Package pgxlisten is.
package pgxlisten

import _ "github.com/jackc/pgx/v5"
-- store/sql/pgxlisten/ex_test.go --
package pgxlisten_test

import _ "coatcheck.dev/session"
-- session/session.go --
// Package session is.
package session

import _ "coatcheck.dev/cookie"
-- session/session_test.go --
package session_test

import (
	_ "coatcheck.dev/session"
	_ "coatcheck.dev/store/storetest"
)
-- jar/jar.go --
// Package jar is.
package jar

import _ "golang.org/x/net/publicsuffix"
-- jar/testdata/broken.go --
package {
-- cmd/coatcheck/go.mod --
module coatcheck.dev/cmd/coatcheck

require (
	coatcheck.dev v0.0.0
	modernc.org/sqlite v1.0.0
)

replace coatcheck.dev => ../..
-- cmd/coatcheck/main.go --
// Coatcheck is.
package main

import (
	_ "coatcheck.dev/cmd/coatcheck/internal/gate"
	_ "modernc.org/sqlite"
)
-- cmd/coatcheck/listen.go --
package main

import _ "coatcheck.dev/store/sql/pgxlisten"
-- cmd/coatcheck/main_test.go --
package main

import _ "github.com/rogpeppe/go-internal/testscript"
-- cmd/coatcheck/internal/gate/g.go --
// Package gate is.
package gate

import _ "coatcheck.dev/session"
-- test/go.mod --
module coatcheck.dev/test
-- test/end_test.go --
// End to end.
package end

import _ "github.com/chromedp/chromedp"
`

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
		{"imports", "driver in the library", "store/store.go",
			"// Package store is.\npackage store\n\nimport _ \"modernc.org/sqlite\"\n",
			"may not import modernc.org/sqlite"},
		{"imports", "neighbour of what is allowed", "jar/more.go",
			"package jar\n\nimport _ \"golang.org/x/net/html\"\n", "jar may not import golang.org/x/net/html"},
		{"imports", "module whose name begins alike", "jar/more.go",
			"package jar\n\nimport _ \"golang.org/x/net/publicsuffixes\"\n", "may not import"},
		{"imports", "library uses the program", "cookie/cookie_test.go",
			"package cookie\n\nimport _ \"coatcheck.dev/cmd/coatcheck/internal/gate\"\n",
			"may not import coatcheck.dev/cmd"},
		{"imports", "test in the library adds a module", "cookie/cookie_test.go",
			"package cookie_test\n\nimport _ \"github.com/google/go-cmp/cmp\"\n",
			"may not import github.com/google/go-cmp/cmp"},
		{"imports", "program takes what nobody chose", "cmd/coatcheck/router.go",
			"package main\n\nimport _ \"github.com/go-chi/chi/v5\"\n", "may not import github.com/go-chi/chi/v5"},
		{"imports", "library uses an adapter", "store/more.go",
			"package store\n\nimport _ \"coatcheck.dev/store/sql/pgxlisten\"\n",
			"may not import coatcheck.dev/store/sql/pgxlisten"},
		{"imports", "adapter takes another client", "store/sql/pgxlisten/more.go",
			"package pgxlisten\n\nimport _ \"github.com/redis/rueidis\"\n", "may not import github.com/redis/rueidis"},
		{"imports", "program uses an adapter that nobody chose", "cmd/coatcheck/more.go",
			"package main\n\nimport _ \"coatcheck.dev/store/redis/goredisstore\"\n",
			"may not import coatcheck.dev/store/redis/goredisstore"},
		{"imports", "room that nobody planned", "attic/attic.go",
			"// Package attic is.\npackage attic\n", "no line in the table"},

		{"rooms", "missing", "jar/jar.go", "", "room jar does not exist"},
		{"rooms", "arrow of ours that nobody uses", "session/session.go",
			"// Package session is.\npackage session\n", "room session does not import cookie"},
		{"rooms", "arrow outwards that nobody uses", "jar/jar.go",
			"// Package jar is.\npackage jar\n", "room jar does not import golang.org/x/net/publicsuffix"},
		{"rooms", "arrow that a test alone uses", "store/storetest/storetest.go",
			"// Package storetest is.\npackage storetest\n", "room store/storetest does not import store"},

		{"requires", "third module", "go.mod",
			"module coatcheck.dev\n\nrequire (\n\tgolang.org/x/net v0.1.0\n\tgolang.org/x/time v0.1.0\n)\n",
			"golang.org/x/time"},
		{"", "indirect require", "go.mod",
			"module coatcheck.dev\n\nrequire golang.org/x/text v0.1.0 // indirect\n", ""},
		{"requires", "replace", "go.mod", "module coatcheck.dev\n\nreplace golang.org/x/net => ../net\n", "a replace"},

		{"package names", "by package", "test/internal/u/u.go", "// Package util is.\npackage util\n", "package util"},
		{"package names", "by folder", "test/common/c.go", "// Package c is.\npackage c\n", "test/common"},

		{"package docs", "none", "cookie/cookie.go", "package cookie\n", "cookie: package cookie has no comment"},
		{"package docs", "only in a test", "store/storetest/storetest.go",
			"package storetest\n\nimport _ \"coatcheck.dev/store\"\n",
			"store/storetest: package storetest has no comment"},
		{"package docs", "of a program", "cmd/coatcheck/main.go", "package main\n\nimport _ \"modernc.org/sqlite\"\n",
			"cmd/coatcheck: package main has no comment"},
		{"package docs", "of another package", "store/store.go",
			"// Package shop is.\npackage store\n", "begin with Package store"},
		{"package docs", "of tests alone", "test/end_test.go", "package end\n", "test: package end has no comment"},

		{"docs", "function", "cookie/more.go", "package cookie\n\nfunc Read() {}\n", "more.go: Read has no comment"},
		{"docs", "method", "cookie/more.go",
			"package cookie\n\n// T is.\ntype T[K any] int\n\nfunc (*T[K]) Read() {}\n", "Read"},
		{"", "method of what nobody sees", "cookie/more.go",
			"package cookie\n\ntype t int\n\nfunc (*t) Read() {}\n", ""},
		{"docs", "type", "cookie/more.go", "package cookie\n\ntype T int\n", "T has no comment"},
		{"docs", "constant in a group", "cookie/more.go",
			"package cookie\n\nconst (\n\tA = 1 // is one\n\tB = 2\n\tc = 3\n)\n", "B has no comment"},
		{"", "group", "cookie/more.go", "package cookie\n\n// Numbers.\nconst (\n\tA = 1\n\tB = 2\n)\n", ""},

		{"lines", "comment", "cookie/more.go",
			"package cookie\n\n// " + strings.Repeat("c", 118) + "\n", "cookie/more.go:3: "},
		{"lines", "tabs", "cookie/more.go",
			"package cookie\n\n//" + strings.Repeat("\t", 30) + "\n", "cookie/more.go:3: "},
		{"", "letters, not bytes", "cookie/more.go", "package cookie\n\n// " + strings.Repeat("ä", 117) + "\n", ""},
		{"lines", "text of several lines", "cookie/more.go",
			"package cookie\n\nvar _ = `\n" + strings.Repeat("c", 121) + "`\n", "cookie/more.go:4: "},
		{"", "text that a test compares with", "session/session_test.go",
			"package session_test\n\nvar _ = `\n" + strings.Repeat("c", 121) + "`\n", ""},
		{"", "output of an example", "cookie/example_test.go",
			"package cookie_test\n\nfunc Example() {\n\t// Output:\n\t// " + strings.Repeat("c", 121) + "\n}\n", ""},
		{"", "struct tag", "cookie/more.go",
			"package cookie\n\ntype t struct {\n\tn int `help:\"" + strings.Repeat("c", 121) + "\"`\n}\n", ""},
		{"lines", "prose", "NOTES.md", "| a |\n\n" + strings.Repeat("c", 121) + "\n", "NOTES.md:3: "},
		{"", "table", "NOTES.md", "| " + strings.Repeat("c", 121) + " |\n", ""},
		{"", "what prose quotes", "NOTES.md", "```\n" + strings.Repeat("c", 121) + "\n```\n", ""},
		{"lines", "prose after it", "NOTES.md", "```\nc\n```\n" + strings.Repeat("c", 121) + "\n", "NOTES.md:4: "},

		{"words", "part of a name", "cookie/more.go",
			"package cookie\n\nvar theCloakroom int\n", "theCloakroom: the field's word"},
		{"words", "name of a file", "cookie/tidemark.go", "package cookie\n", "word for tidemark is rollback"},
		{"", "part of a word", "cookie/more.go", "package cookie\n\nvar trackers, opera int\n", ""},
		{"one meaning", "in the family", "store/storetest/more.go",
			"package storetest\n\ntype row int\n", "store/storetest: store has a type row as well"},
		{"", "in another family", "cookie/more.go", "package cookie\n\ntype row int\n", ""},
		{"", "in a test", "store/storetest/more_test.go", "package storetest\n\ntype row int\n", ""},
		{"budgets", "names", "session/more.go",
			"package session\n\n// Names.\nvar (\n" + hundred("N%d int\n") + ")\n", "100 exported top-level names"},
		{"budgets", "interfaces", "store/more.go",
			"package store\n\n// Optional.\ntype (\n" + hundred("T%d interface{}\n") + ")\n",
			"100 optional interfaces"},

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
	if _, err := archtest.Read(repo("cookie/more.go", "package {"), rooms); err == nil {
		t.Error("source that does not parse was read")
	}
}

// hundred has a line a hundred times, each time with another number.
func hundred(line string) string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

func read(t *testing.T, file, content string) *archtest.Tree {
	t.Helper()
	tree, err := archtest.Read(repo(file, content), rooms)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// repo is the sound one with one file changed or added, or taken away if it has no content.
func repo(file, content string) fstest.MapFS {
	files := fstest.MapFS{
		".git/config":  {Data: []byte("/wo" + "rk/place")},
		"jar/logo.png": {Data: []byte("\x00\x89PNG /wo" + "rk/place")},
	}
	for part := range strings.SplitSeq(sound, "\n-- ") {
		if name, text, found := strings.Cut(part, " --\n"); found {
			files[name] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
	}
	files[file] = &fstest.MapFile{Data: []byte(content)}
	if content == "" {
		delete(files, file)
	}
	return files
}
