package archtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The words are put together here so that this file does not breach its own rule.
var (
	// A path begins where no other path goes on before it.
	workplacePath = regexp.MustCompile(`(?:^|[^\w.\-/}])(?:file://)?/(?:wo` + `rk|ro` + `ot|Us` + `ers)/\w`)

	registryHosts = []string{
		"proxy.go" + "lang.org", "sum.go" + "lang.org", "registry." + "npmjs.org", "py" + "pi.org",
	}
)

// checkWorkplace looks at every text, source or not.
func checkWorkplace(t *Tree) (breaches []string) {
	for _, name := range slices.Sorted(maps.Keys(t.Texts)) {
		number := 0
		for line := range strings.Lines(string(t.Texts[name])) {
			number++
			if workplacePath.MatchString(line) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: a path of somebody's machine", name, number))
			}
			for _, host := range registryHosts {
				if strings.Contains(line, host) {
					breaches = append(breaches, fmt.Sprintf("%s:%d: the registry %s", name, number, host))
				}
			}
		}
	}
	return breaches
}
