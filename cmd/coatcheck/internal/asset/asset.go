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

type asset struct {
	content []byte
	tag     string
}

// Handler serves the files of the folder assets under their paths. Browsers ask each time whether they have changed, so
// a new version of the program never meets old ones.
func Handler(files fs.FS) http.Handler {
	assets := make(map[string]asset)
	names, _ := fs.Glob(files, "assets/*") // an error is one of the pattern
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // they are built in
		}
		hash := sha256.Sum256(content)
		assets["/"+name] = asset{content, `"` + base64.RawURLEncoding.EncodeToString(hash[:12]) + `"`}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Etag", a.tag)
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(a.content))
	})
}
