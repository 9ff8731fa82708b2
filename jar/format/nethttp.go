package format

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// NetHTTP is an array of Go's http.Cookie as encoding/json writes it, and the files of jars with the same fields, such
// as persistent-cookiejar, PHP's Guzzle and .NET. Cookies without Domain belong to the host of [Options.URL]. A MaxAge
// counts from now, because the file does not say when the cookie was set. A Partitioned cookie is left out, because its
// partition has no name. The times of creation and last access are lost.
var NetHTTP = Format{
	name: "net-http", about: "an array of Go's http.Cookie, only read; needs --url where Domain is empty",
	sign: `a JSON array of cookies with "Name", "Value" and "HttpOnly"`,
	sniff: sniffJSON(func(h *jsonHead) bool {
		return (h.array || h.keys["cookies"] == '[') && h.has("Name", "Value", "HttpOnly")
	}),
	read: renamed(fromNetHTTP),
}

// netHTTPSameSites are the numbers of http.SameSite. 0 is unset, and 1 an attribute that means nothing.
var netHTTPSameSites = map[string]cookie.SameSite{
	"2": cookie.SameSiteLax, "3": cookie.SameSiteStrict, "4": cookie.SameSiteNone,
}

// fromNetHTTP gives the fields of an http.Cookie their usual names.
func fromNetHTTP(r *record, o *Options, now time.Time) {
	f := r.fields
	value := r.text("Value")
	if r.flag("Quoted") {
		value = `"` + value + `"`
	}
	r.fields = map[string]any{
		"name": f["Name"], "value": value, "path": f["Path"], "domain": f["Domain"], "secure": f["Secure"],
		"httpOnly": f["HttpOnly"],
	}
	theirs := &record{fields: f}
	theirs.netHTTPHost(r)
	theirs.netHTTPExpiry(r, now)
	theirs.netHTTPUnparsed(r)
	switch site := f["SameSite"].(type) {
	case json.Number:
		r.fields["sameSite"] = netHTTPSameSites[site.String()].String()
	case string: // some jars write the word
		r.fields["sameSite"] = strings.TrimPrefix(site, "SameSite=")
	}
	if theirs.text("Path") == "" && o.URL != nil {
		r.fields["path"] = defaultPath(o.URL)
	}
	if theirs.flag("Partitioned") {
		r.wrong = append(r.wrong, errNoPartition)
	}
	r.wrong, r.odd = append(r.wrong, theirs.wrong...), append(r.odd, theirs.odd...)
}

// netHTTPHost says whether the cookie is for its host alone. A Domain is for the hosts below as well, with a dot or
// without one. Jars with a Creation, and .NET with its TimeStamp, have the domain as browsers do, if they do not say it
// in a field of its own.
func (r *record) netHTTPHost(to *record) {
	switch domain := r.text("Domain"); {
	case r.has("HostOnly"):
		to.fields["hostOnly"] = r.flag("HostOnly")
		if domain == "" {
			to.fields["domain"] = r.text("CanonicalHost")
		}
	case domain != "" && !r.has("Creation") && !r.has("TimeStamp"):
		to.fields["hostOnly"] = false
	}
}

// netHTTPExpiry reads MaxAge, which goes before Expires, and the text of an Expires that net/http could not read.
func (r *record) netHTTPExpiry(to *record, now time.Time) {
	expires := r.expiry("Expires")
	seconds, _ := strconv.ParseFloat(r.text("MaxAge"), 64)
	if expires.Year() <= 1 && seconds == 0 {
		seconds, _ = strconv.ParseFloat(r.text("Max-Age"), 64) // of Guzzle, which works out Expires from it
	}
	if raw := r.text("RawExpires"); expires.Year() <= 1 && raw != "" {
		expires, _ = cookie.ParseDate(raw)
	}
	switch {
	case r.has("Persistent") && !r.flag("Persistent"):
	case seconds < 0:
		to.fields["expires"] = "1970-01-01T00:00:01Z"
	case seconds > 0:
		to.fields["expires"] = secondsTime(float64(now.UnixMicro())/perMicro + seconds).Format(time.RFC3339Nano)
		to.odd = append(to.odd, "its MaxAge is counted from now, because the file does not say when it was set")
	case expires.Year() > 1:
		to.fields["expires"] = expires.Format(time.RFC3339Nano)
	}
}

// netHTTPUnparsed reads the attributes that net/http did not know, or knows only today.
func (r *record) netHTTPUnparsed(to *record) {
	list, _ := r.fields["Unparsed"].([]any)
	for _, attribute := range list {
		text, _ := attribute.(string)
		name, value, _ := strings.Cut(text, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "partitioned":
			r.fields["Partitioned"] = true
		case "priority":
			if p, err := readPriority(strings.TrimSpace(value)); err == nil {
				to.fields["priority"] = p.String()
			}
		}
	}
}
