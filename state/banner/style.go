package banner

import (
	_ "embed"
	"net/http"
	"strings"
	"time"
)

const styleFile = "style.css"

//go:embed style.css
var style string

// serveStyle sends the style sheet. Browsers ask anew after an hour, because its URL stays the same.
func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=3600")
	http.ServeContent(w, r, styleFile, time.Time{}, strings.NewReader(style))
}
