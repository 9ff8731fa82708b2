package api

import (
	"net/http"

	"coatcheck.dev/cmd/coatcheck/internal/watch"
)

// watch tells of sessions that end, for as long as the caller has a good key.
func (s sessions) watch(hub *watch.Hub) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who := callerOf(r.Context())
		if !hub.Serve(w, r, func() bool { return who.good(r) }) {
			tooManyStreams.write(w)
		}
	}
}
