package recipes

import (
	"context"
	"net/http"

	"github.com/coder/websocket"

	"coatcheck.dev/session"
)

func chatSite(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /chat", sessions.Require(http.HandlerFunc(chat)))
	return sessions.Handler(mux)
}

func chat(w http.ResponseWriter, r *http.Request) {
	s := session.From(r.Context())
	user := s.User() // what changes the session comes before Accept: later no answer carries a cookie

	conn, err := websocket.Accept(w, r, nil) // not from other origins, where the cookie would come along as well
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	go func() {
		select {
		case <-s.Done(): // signed out, here or anywhere, or expired
			conn.Close(websocket.StatusPolicyViolation, "signed out")
		case <-ctx.Done():
		}
	}()
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil || conn.Write(ctx, kind, append([]byte(user+": "), text...)) != nil {
			return
		}
	}
}
