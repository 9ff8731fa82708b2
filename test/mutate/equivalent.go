package main

import (
	_ "embed"
	"strings"
)

//go:embed equivalent.txt
var equivalentText string

// equivalents are mutants that no test can tell from the original by what is promised, each with the reason. In the
// file the reason stands indented below its mutant.
var equivalents = func() map[string]string {
	reasons := make(map[string]string)
	mutant := ""
	for line := range strings.Lines(equivalentText) {
		if reason, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t"); indented {
			reasons[mutant] = reason
		} else {
			mutant = reason
		}
	}
	return reasons
}()
