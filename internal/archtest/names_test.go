package archtest

import (
	"fmt"
	"path"
	"slices"
)

var namesOfNothing = []string{"util", "utils", "common", "types", "helper", "helpers", "misc"}

func checkNames(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		if slices.Contains(namesOfNothing, p.Name) || slices.Contains(namesOfNothing, path.Base(p.Dir)) {
			breaches = append(breaches, fmt.Sprintf("%s: package %s says nothing about what is in it", p.Dir, p.Name))
		}
	}
	return breaches
}
