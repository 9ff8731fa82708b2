package format

import (
	"strings"
	"time"
)

// QuickManager is what Cookie Quick Manager exports, an extension of Firefox: an array of cookies with fields such as
// "Host raw", all of them strings. Its cookies.txt is [Netscape].
var QuickManager = Format{
	name: "cookie-quick-manager", about: "the JSON of the extension Cookie Quick Manager, only read",
	sign:  `a JSON array of cookies with "Host raw" and "Name raw"`,
	sniff: sniffJSON(func(h *jsonHead) bool { return h.array && h.has("Host raw", "Name raw") }),
	read:  renamed(fromQuickManager),
}

// quickManagerFields are its fields under the usual names. "This domain only raw" is not among them, because it has had
// two opposite meanings; the dot before the host says the same.
var quickManagerFields = map[string]string{
	"name": "Name raw", "value": "Content raw", "path": "Path raw", "expires": "Expires raw", "secure": "Send for raw",
	"httpOnly": "HTTP only raw", "sameSite": "SameSite raw", "storeId": "Store raw",
	"firstPartyDomain": "First Party Domain",
}

func fromQuickManager(r *record, _ *Options, _ time.Time) {
	fields := make(map[string]any, len(quickManagerFields)+1)
	for name, theirs := range quickManagerFields {
		fields[name] = r.fields[theirs]
	}
	host, _ := r.fields["Host raw"].(string)
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host, _, _ = strings.Cut(rest, "/") // a URL but for the dot that may begin it
	}
	fields["domain"] = host
	if local := r.text("Expires"); fields["expires"] == nil && local != "" {
		if t, err := time.Parse("02-01-2006 15:04:05", local); err == nil { // else it ends with the session
			fields["expires"] = t.Format(time.RFC3339)
			r.odd = append(r.odd, "its expiry has no zone, and is taken as UTC")
		}
	}
	r.fields = fields
}
