package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// assets serves the style sheet, the script and the icon. Browsers ask each time whether they have changed, so a new
// version of the program never meets old ones.
var assets = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[1:]
	content, err := assetFiles.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	hash := sha256.Sum256(content)
	w.Header().Set("Etag", `"`+base64.RawURLEncoding.EncodeToString(hash[:12])+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
})
