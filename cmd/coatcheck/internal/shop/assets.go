package shop

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
)

//go:embed assets
var assetFiles embed.FS

// assets serves the style sheet and the icon. Browsers ask each time whether they have changed, so a new version of the
// program shows at once.
func assets() http.Handler {
	tags := map[string]string{}
	entries, _ := assetFiles.ReadDir("assets") // it is in the program
	for _, entry := range entries {
		name := path.Join("assets", entry.Name())
		content, _ := assetFiles.ReadFile(name)
		sum := sha256.Sum256(content)
		tags["/"+name] = `"` + hex.EncodeToString(sum[:8]) + `"`
	}
	files := http.FileServerFS(assetFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag, ok := tags[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Etag", tag)
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}
