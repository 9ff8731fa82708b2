package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// newOutbox returns one with a receiver, crm, that takes nothing, and another one that is gone.
func newOutbox(t *testing.T) *webhook.Outbox {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	secret, err := webhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	outbox, err := webhook.Open(t.Context(), webhook.Options{
		File: filepath.Join(t.TempDir(), "webhooks.db"), First: time.Millisecond, Most: 2 * time.Millisecond,
		Pause: 2 * time.Millisecond, GiveUp: time.Nanosecond,
	}, webhook.Receiver{Name: "crm", URL: server.URL + "/?key=of-the-url", Secrets: []webhook.Secret{secret}},
		webhook.Receiver{Name: "gone", URL: server.URL + "/gone", Secrets: []webhook.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outbox.Close(t.Context()) })
	return outbox
}

// A service sees what is dead, has it tried again, drops it, and has what happened sent once more. Who did so is known.
func TestServicesRaiseTheDead(t *testing.T) {
	h := newRig(t, session.Options{})
	id := store.NewID()
	h.outbox.Observe(event.Event{Kind: event.SignedIn, At: time.Now(), Handle: id, User: "ada"})
	type message struct{ Number int64 }
	dead := func() []message {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; {
			got := h.ask(question{"GET", "/v1/webhooks/dead?receiver=crm", "", token, nil})
			var found struct{ Dead []message }
			if err := json.Unmarshal([]byte(got.body), &found); err != nil || got.StatusCode != 200 {
				t.Fatalf("%d %s", got.StatusCode, got.body)
			}
			if len(found.Dead) > 0 {
				if !strings.Contains(got.body, id.String()) || !strings.Contains(got.body, "400 Bad Request") {
					t.Errorf("the dead: %s", got.body)
				}
				return found.Dead
			}
			if time.Now().After(deadline) {
				t.Fatal("nothing is dead")
			}
		}
	}
	order := func(what, body string, status int, want string) {
		t.Helper()
		got := h.ask(question{"POST", "/v1/webhooks/" + what, body, token, nil})
		if got.StatusCode != status || !strings.Contains(got.body, want) {
			t.Errorf("%s %s: %d %s, want %d %s", what, body, got.StatusCode, got.body, status, want)
		}
	}
	dead()
	order("crm/retry", `{"all":true}`, 200, `{"messages":1}`)
	number, _ := json.Marshal(dead()[0].Number)
	order("crm/drop", `{"number":`+string(number)+`}`, 200, `{"messages":1}`)
	order("crm/replay", `{"since":"1h"}`, 200, `{"messages":1}`)
	dead()
	for body, want := range map[string]string{
		`{}`: "its number", `{"number":0}`: "its number", `{"number":1,"all":true}`: "its number",
		`{"number":-1}`: "its number",
	} {
		order("crm/drop", body, 400, want)
	}
	for _, since := range []string{"", "yesterday", "--2h", "2"} {
		order("crm/replay", `{"since":"`+since+`"}`, 400, "a distance from now")
	}
	list := h.ask(question{"GET", "/v1/webhooks", "", token, nil})
	if !strings.Contains(list.body, `"name":"crm"`) || !strings.Contains(list.body, `"dead":1`) ||
		strings.Contains(list.body, "of-the-url") {
		t.Errorf("the receivers: %s", list.body)
	}
	h.past.Flush(t.Context())
	acts, _, err := h.past.Find(t.Context(), history.Query{Kind: history.OperatorActed})
	if err != nil || len(acts) != 3 || acts[0].Reason != "webhooks: replay for crm, 1 messages" {
		t.Errorf("the history has %+v, %v", acts, err)
	}
}

// tryTheOutbox asks for answers about receivers that there are not, and of an outbox that is closed.
func (h *rig) tryTheOutbox() {
	h.t.Helper()
	orders := map[string]string{
		"replay": `{"since":"2h"}`, "resume": `{}`, "retry": `{"number":7}`, "drop": `{"all":true}`,
	}
	try := func(receiver string, want int) {
		h.t.Helper()
		for what, body := range orders {
			q := question{"POST", "/v1/webhooks/" + receiver + "/" + what, body, token, nil}
			if got := h.ask(q); got.StatusCode != want {
				h.t.Errorf("%s for %s: %d %s, want %d", what, receiver, got.StatusCode, got.body, want)
			}
		}
	}
	try("nobody", 404)
	h.outbox.Observe(event.Event{Kind: event.SignedIn, At: time.Now(), Handle: store.NewID(), User: "ada"})
	for deadline := time.Now().Add(10 * time.Second); ; {
		if got := h.ask(question{"GET", "/v1/webhooks", "", token, nil}); strings.Contains(got.body, `"off":"`) {
			break
		}
		if time.Now().After(deadline) {
			h.t.Fatal("a receiver that is gone is not switched off")
		}
	}
	if err := h.outbox.Close(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/dead"} {
		if got := h.ask(question{"GET", path, "", token, nil}); got.StatusCode != 503 {
			h.t.Errorf("%s of an outbox that is closed: %d", path, got.StatusCode)
		}
	}
	try("gone", 503)
}
