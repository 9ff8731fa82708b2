package devices

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxAccept bounds how much of the Accept header is looked at, in bytes; browsers send about 130.
const maxAccept = 1 << 10

// wantsJSON reports whether a request prefers JSON to a page (RFC 9110 section 12.5.1). Only the two
// types by name count: "anything" gets the page.
func wantsJSON(r *http.Request) bool {
	accept := strings.Join(r.Header["Accept"], ",")
	accept = accept[:min(len(accept), maxAccept)]
	var json, html float64
	for item := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		switch kind {
		case "application/json":
			json = max(json, quality(params["q"]))
		case "text/html":
			html = max(html, quality(params["q"]))
		}
	}
	return json > html
}

// quality reads a weight (RFC 9110, section 12.4.2). A malformed one wants nothing.
func quality(text string) float64 {
	if text == "" {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
