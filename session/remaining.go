package session

import (
	"encoding/json"
	"net/http"
	"time"
)

// Remaining answers how much time the session of the request has left, as JSON, for pages that warn before it ends:
//
//	{"signed_in":true,"idle_seconds":1740,"seconds":82800}
//
// idle_seconds is what is left if the session is not used, and seconds what is left at most. Asking is no use of the
// session. Without a session both are 0. It belongs inside [Manager.Handler].
func (m *Manager) Remaining() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.From(r.Context())
		s.Passive()
		var answer struct {
			SignedIn bool  `json:"signed_in"`
			Idle     int64 `json:"idle_seconds"`
			Total    int64 `json:"seconds"`
		}
		if info, ok := s.Info(); ok {
			answer.SignedIn = info.User != ""
			answer.Idle = seconds(time.Until(info.Ends()))
			answer.Total = seconds(time.Until(info.ExpiresAt))
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
	})
}

func seconds(d time.Duration) int64 { return int64(max(d, 0) / time.Second) }
