package format

import (
	"iter"
	"strings"
)

// unfolded is what is reported of a cookie that was taken apart from others.
const unfolded = "it stands behind a comma, in one header with another: taken as a cookie of its own"

// unfold takes a header apart that several Set-Cookie lines have become, joined by commas: some programs record them
// so. It only does where it is certain: behind the attributes of a cookie no comma stands before a name and "=".
func unfold(header string) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		var changes []string
		for {
			end := foldedAt(header)
			if end < 0 {
				yield(header, changes)
				return
			}
			if !yield(header[:end], changes) {
				return
			}
			header, changes = header[end+len(", "):], []string{unfolded}
		}
	}
}

// foldedAt returns where the comma stands behind which another cookie begins, -1 for nowhere.
func foldedAt(header string) int {
	from := strings.IndexByte(header, ';')
	if from < 0 {
		return -1
	}
	for {
		comma := strings.Index(header[from:], ", ")
		if comma < 0 {
			return -1
		}
		from += comma
		name, _, found := strings.Cut(header[from+len(", "):], "=")
		if found && name != "" && !strings.ContainsAny(name, " \t\",;:/()<>@[]?{}\\") {
			return from
		}
		from += len(", ")
	}
}
