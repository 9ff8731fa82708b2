package format

import (
	"maps"
	"slices"
	"time"
)

// Titled is a JSON array of cookies whose fields have the titles of a table, as NirSoft's viewers ("Host Name") and
// dumps of Chromium's database ("host_key") have them. The times of creation and last access are lost.
var Titled = Format{
	name: "titled", about: "a JSON array with the titles of a table, only read",
	sign: `a JSON array of cookies with "Host Name" or "host_key", "Name" and "Value"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		fields := map[string]bool{}
		for title := range h.entry {
			fields[tableColumns[letters(title)]] = true
		}
		return h.array && fields["domain"] && fields["name"] && fields["value"] && !h.has("domain") && !h.has("host")
	}),
	read: renamed(fromTitled),
}

// fromTitled gives the fields the usual names.
func fromTitled(r *record, _ *Options, _ time.Time) {
	titled := r.fields
	r.fields = map[string]any{}
	for _, title := range slices.Sorted(maps.Keys(titled)) {
		field, v := tableColumns[letters(title)], titled[title]
		if text, ok := v.(string); ok {
			v = cell(field, text)
		}
		if field != "" && r.fields[field] == nil {
			r.fields[field] = v
		}
	}
}
