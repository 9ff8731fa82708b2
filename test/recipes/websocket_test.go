package recipes

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

// A WebSocket is refused to strangers and other sites, and ends with its session.
//
// Rows: A42, ASVS 7.4.1
func TestWebSocket(t *testing.T) {
	sessions := sessiontest.NewManager(t, session.Options{})
	server := httptest.NewServer(chatSite(sessions))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dial := func(cookie, origin string) (*websocket.Conn, int) {
		header := http.Header{"Cookie": {cookie}, "Origin": {origin}}
		conn, res, err := websocket.Dial(ctx, server.URL+"/chat", &websocket.DialOptions{HTTPHeader: header})
		if err != nil {
			return nil, res.StatusCode
		}
		return conn, res.StatusCode
	}
	cookie := signedInCookie(sessions, "ada")
	if _, status := dial("", server.URL); status != http.StatusUnauthorized {
		t.Errorf("without a sign-in: status %d", status)
	}
	if _, status := dial(cookie, "https://evil.example"); status != http.StatusForbidden {
		t.Errorf("from another site: status %d", status)
	}
	conn, status := dial(cookie, server.URL)
	if conn == nil {
		t.Fatalf("status %d", status)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := conn.Read(ctx); err != nil || string(text) != "ada: hello" {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := sessions.RevokeUser(ctx, "ada"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("after the end of the session: %v", err)
	}
}

// signedInCookie returns a Cookie header, for a client that is not the test's own.
func signedInCookie(sessions *session.Manager, user string) string {
	w := httptest.NewRecorder()
	sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = session.From(r.Context()).SignIn(user)
	})).ServeHTTP(w, httptest.NewRequest("POST", "https://shop.example/", nil))
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}
