package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// privateWords were this repository's own for things that the field has a word for.
var privateWords = map[string]string{
	"absence":     "negative entry",
	"bury":        "add",
	"cloakroom":   "backend",
	"crowd":       "limiter",
	"depot":       "store",
	"disguise":    "wrap",
	"door":        "doer",
	"ears":        "subscribers",
	"era":         "generation",
	"graveyard":   "recently ended",
	"hearing":     "feed health",
	"house":       "server",
	"husk":        "tombstone",
	"moment":      "what kind of time it is",
	"outlook":     "response plan",
	"patience":    "timeout",
	"pilot":       "leader",
	"rack":        "arena",
	"rouse":       "wake",
	"switchboard": "cut-offs",
	"tally":       "counters",
	"tidemark":    "rollback",
	"welcome":     "admit",
}

var wordsOfName = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)

// checkWords looks at every name in Go source, and at names of folders and files.
func checkWords(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		found := make(map[string]string) // where, by word
		for _, f := range p.Files {
			look := func(name string) {
				for _, word := range wordsOfName.FindAllString(name, -1) {
					word = strings.ToLower(word)
					if right := privateWords[word]; right != "" && found[word] == "" {
						found[word] = fmt.Sprintf("%s: %s: the field's word for %s is %s", f.Path, name, word, right)
					}
				}
			}
			look(path.Base(p.Dir))
			look(path.Base(f.Path))
			ast.Inspect(f.Syntax, func(n ast.Node) bool {
				if ident, is := n.(*ast.Ident); is {
					look(ident.Name)
				}
				return true
			})
		}
		for _, word := range slices.Sorted(maps.Keys(found)) {
			breaches = append(breaches, found[word])
		}
	}
	return breaches
}

// checkTypeNames finds names of unexported types that two packages of a family have. Packages of tests are no family:
// each has a site, a browser, a harness of its own.
func checkTypeNames(t *Tree) (breaches []string) {
	where := make(map[string]string) // by family and name
	for _, p := range t.Packages {
		for name, spec := range p.topLevel() {
			if _, is := spec.(*ast.TypeSpec); !is || name.IsExported() {
				continue
			}
			key := p.family() + " " + name.Name
			if there := where[key]; there != "" {
				breaches = append(breaches, fmt.Sprintf("%s: %s has a type %s as well", p.Dir, there, name.Name))
			}
			where[key] = p.Dir
		}
	}
	return breaches
}

// family is the room at the top of a package: store for store/near, and a whole module that is not the library.
func (p *Package) family() string {
	if p.Module != "." {
		return p.Module
	}
	first, _, _ := strings.Cut(p.Dir, "/")
	return first
}
