package audit

import (
	"regexp"
	"strconv"
)

// place is the end of a line of V8's Error.stack: a URL, a line and a column.
var place = regexp.MustCompile(
	`(?:\(|at |@)((?:https?|blob|data|file|chrome-extension|about):[^\s()]*?):(\d{1,9}):(\d{1,9})\)?$`)

// caller is the first place of a stack that has a URL.
func caller(stack []string) Source {
	for _, line := range stack {
		if m := place.FindStringSubmatch(line); m != nil {
			row, _ := strconv.Atoi(m[2])
			column, _ := strconv.Atoi(m[3])
			return Source{URL: bare(m[1]), Line: row, Column: column}
		}
	}
	return Source{URL: "(unknown)"}
}
