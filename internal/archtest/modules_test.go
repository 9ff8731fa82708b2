package archtest

import (
	"fmt"
	"slices"
)

// libraryRequires are all modules that the library may require: the list of public suffixes, which the Go team
// keeps up to date, the near cache, for package bound signatures and structured fields, and the languages of package
// preference. golang.org/x/net requires golang.org/x/text anyway.
var libraryRequires = []string{
	"golang.org/x/net",
	"github.com/maypok86/otter/v2",
	"github.com/go-jose/go-jose/v4",
	"github.com/dunglas/httpsfv",
	"golang.org/x/text",
}

// checkRequires looks at direct requires: the indirect ones are these modules' own.
func checkRequires(t *Tree) (breaches []string) {
	mod := t.Mods["."]
	if mod == nil {
		return []string{"go.mod: the library has none"}
	}
	for _, required := range mod.Requires {
		if !slices.Contains(libraryRequires, required) {
			breaches = append(breaches, fmt.Sprintf("go.mod: the library may not require %s", required))
		}
	}
	if mod.Replaces {
		breaches = append(breaches, "go.mod: a replace does not reach those who import the library")
	}
	return breaches
}
