package devices

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

//go:embed style.css
var style string

const styleFile = "style.css"

// styleURL names the content too, so browsers can keep it for ever.
var styleURL = func() string {
	hash := sha256.Sum256([]byte(style))
	return styleFile + "?v=" + hex.EncodeToString(hash[:6])
}()

// serveStyle needs no sign-in, because the style sheet is nobody's secret.
func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=31536000, immutable")
	http.ServeContent(w, r, styleFile, time.Time{}, strings.NewReader(style))
}
