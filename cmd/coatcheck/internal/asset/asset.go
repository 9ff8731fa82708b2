// Package asset serves the style sheets, scripts and icons that are built into the program.
package asset

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"time"
)

// Handler serves the files under their paths. Browsers ask each time whether they have changed, so a new version of the
// program never meets old ones.
func Handler(files fs.ReadFileFS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path[1:]
		content, err := files.ReadFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		hash := sha256.Sum256(content)
		w.Header().Set("Etag", `"`+base64.RawURLEncoding.EncodeToString(hash[:12])+`"`)
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
