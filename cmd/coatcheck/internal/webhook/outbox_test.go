package webhook_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

var secretText = "whsec_" + base64.StdEncoding.EncodeToString([]byte("thirty-two bytes of a test secret"))

// A hook is a receiver that remembers what it has taken, and does what the test says.
type hook struct {
	*httptest.Server

	mu    sync.Mutex
	does  func(w http.ResponseWriter, got received) // answers; nil takes everything
	taken []received
	asked int
}

// received is a message as it came.
type received struct {
	id, signature string
	at            string
	body          string
	kind          string // of the content
	authorization string
	Type          string       `json:"type"`
	Data          webhook.Data `json:"data"`
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	got := received{
		id: r.Header.Get("webhook-id"), at: r.Header.Get("webhook-timestamp"), body: string(body),
		signature: r.Header.Get("webhook-signature"), kind: r.Header.Get("Content-Type"),
		authorization: r.Header.Get("Authorization"),
	}
	_ = json.Unmarshal(body, &got)
	h.mu.Lock()
	h.asked++
	does := h.does
	h.mu.Unlock()
	if does != nil {
		answer := httptest.NewRecorder()
		does(answer, got)
		if answer.Code >= 300 {
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			return
		}
	}
	h.mu.Lock()
	h.taken = append(h.taken, got)
	h.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (h *hook) script(f func(w http.ResponseWriter, got received)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.does = f
}

func (h *hook) all() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.taken)
}

func (h *hook) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// receiver is the hook as an outbox knows it.
func (h *hook) receiver(t *testing.T, name string, kinds ...string) webhook.Receiver {
	t.Helper()
	secret, err := webhook.ParseSecret(secretText)
	if err != nil {
		t.Fatal(err)
	}
	return webhook.Receiver{Name: name, URL: h.URL, Secrets: []webhook.Secret{secret}, Kinds: kinds}
}

// quick are options with which a test does not take long.
func quick(file string) webhook.Options {
	return webhook.Options{
		File: file, First: 2 * time.Millisecond, Most: 20 * time.Millisecond, Pause: 20 * time.Millisecond,
		Timeout: 2 * time.Second, Beat: 20 * time.Millisecond,
	}
}

func open(t *testing.T, o webhook.Options, receivers ...webhook.Receiver) *webhook.Outbox {
	t.Helper()
	out, err := webhook.Open(t.Context(), o, receivers...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	return out
}

func shut(t *testing.T, out *webhook.Outbox) {
	t.Helper()
	if err := out.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to pass: ", what)
		}
	}
}

func status(t *testing.T, out *webhook.Outbox) webhook.Status {
	t.Helper()
	all, err := out.Statuses(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d receivers, %v", len(all), err)
	}
	return all[0]
}

// step is the n-th event of a session.
func step(id store.ID, n int) event.Event {
	return event.Event{Kind: event.Rotated, At: time.Now(), Handle: id, User: "ada", Reason: fmt.Sprint(n)}
}

// inOrder fails if the first arrivals of a session's messages are not those of 0 to n-1, in order.
func inOrder(t *testing.T, got []received, id store.ID, n int) {
	t.Helper()
	seen := make(map[string]bool)
	next := 0
	for _, m := range got {
		if m.Data.Session != id.String() || seen[m.id] {
			continue
		}
		seen[m.id] = true
		if m.Data.Reason != fmt.Sprint(next) {
			t.Fatalf("session %v: message %s came where %d was next", id, m.Data.Reason, next)
		}
		next++
	}
	if next != n {
		t.Errorf("session %v: %d messages came, and there were %d", id, next, n)
	}
}

// A receiver fails in every way by chance: it answers 500, breaks the connection off, or took the message and says so
// to nobody. Nothing is lost, and each session's messages come in their order.
func TestNothingIsLostOnTheWayToABadReceiver(t *testing.T) {
	h := newHook(t)
	h.script(func(w http.ResponseWriter, _ received) {
		switch rand.IntN(6) {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			panic(http.ErrAbortHandler)
		}
	})
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), h.receiver(t, "crm"))
	const sessions, steps = 20, 15
	ids := make([]store.ID, sessions)
	for i := range ids {
		ids[i] = store.NewID()
	}
	for n := range steps {
		for _, id := range ids {
			out.Observe(step(id, n))
		}
	}
	eventually(t, "all are delivered", func() bool { return status(t, out).Delivered == sessions*steps })
	for _, id := range ids {
		inOrder(t, h.all(), id, steps)
	}
	if s := status(t, out); s.Waiting != 0 || s.Dead != 0 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

// The receiver takes what it is sent, and the answer is lost: the message comes again, with the same ID.
func TestAMessageThatComesTwiceHasOneID(t *testing.T) {
	h := newHook(t)
	var mu sync.Mutex
	ids := make(map[string]int)
	h.script(func(w http.ResponseWriter, got received) {
		mu.Lock()
		defer mu.Unlock()
		if ids[got.id]++; ids[got.id] < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), h.receiver(t, "crm"))
	out.Observe(step(store.NewID(), 0))
	eventually(t, "it is delivered", func() bool { return len(h.all()) == 1 })
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 1 {
		t.Errorf("IDs: %v", ids)
	}
}

// One session's message is refused for good, and those of others go on, while its own next one waits.
func TestARefusedMessageHoldsUpItsSessionAlone(t *testing.T) {
	h := newHook(t)
	bad, good := store.NewID(), store.NewID()
	h.script(func(w http.ResponseWriter, got received) {
		if got.Data.Session == bad.String() {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	o := quick(filepath.Join(t.TempDir(), "webhooks.db"))
	out := open(t, o, h.receiver(t, "crm"))
	for n := range 5 {
		out.Observe(step(bad, n))
		out.Observe(step(good, n))
	}
	eventually(t, "the other session's are delivered", func() bool { return len(h.all()) == 5 })
	inOrder(t, h.all(), good, 5)
	eventually(t, "the first of the other's is tried again", func() bool {
		s := status(t, out)
		return s.Waiting == 5 && s.Answer == "400 Bad Request"
	})
	h.script(nil)
	eventually(t, "all are delivered", func() bool { return len(h.all()) == 10 })
	inOrder(t, h.all(), bad, 5)
}

// The program is killed in the middle, again and again: the file is left as it is, and opened anew.
func TestWhatIsInTheOutboxSurvivesAKill(t *testing.T) {
	h := newHook(t)
	h.script(func(w http.ResponseWriter, _ received) {
		if rand.IntN(3) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	dir := t.TempDir()
	file := filepath.Join(dir, "0.db")
	ids := []store.ID{store.NewID(), store.NewID(), store.NewID()}
	const rounds, each = 5, 8
	n := 0
	for round := range rounds {
		out := open(t, quick(file), h.receiver(t, "crm"))
		for range each {
			for _, id := range ids {
				out.Observe(step(id, n))
			}
			n++
		}
		onDisk := func() bool { s := status(t, out); return int(s.Delivered)+s.Waiting >= n*len(ids) }
		eventually(t, "all are on the disk", onDisk)
		killed := filepath.Join(dir, fmt.Sprint(round+1, ".db"))
		snapshot(t, file, killed)
		file = killed
		shut(t, out) // what it sends after the snapshot was taken, nobody remembers
	}
	h.script(nil)
	out := open(t, quick(file), h.receiver(t, "crm"))
	eventually(t, "nothing waits", func() bool { return status(t, out).Waiting == 0 })
	for _, id := range ids {
		inOrder(t, h.all(), id, n)
	}
	gaps := 0
	for _, m := range h.all() {
		if m.Type == webhook.Gap {
			gaps++
		}
	}
	if gaps < rounds {
		t.Errorf("%d gaps were told after %d kills", gaps, rounds)
	}
}

// snapshot copies a database with its log, as a crash leaves both. It is taken while nothing is written.
func snapshot(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"-wal", ""} {
		text, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A program that was stopped tells of no gap: it has lost nothing.
func TestAStopLosesNothing(t *testing.T) {
	h := newHook(t)
	h.script(func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusServiceUnavailable) })
	file := filepath.Join(t.TempDir(), "webhooks.db")
	out := open(t, quick(file), h.receiver(t, "crm"))
	id := store.NewID()
	for n := range 2500 {
		out.Observe(step(id, n))
	}
	shut(t, out)
	out = open(t, quick(file), h.receiver(t, "crm"))
	if s := status(t, out); s.Waiting != 2500 {
		t.Errorf("%d of 2500 messages wait", s.Waiting)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	shut(t, out)
}

// A receiver that hangs is given up after a time, and asked by one request at a time.
func TestAReceiverThatHangsIsAskedOnceAtATime(t *testing.T) {
	var mu sync.Mutex
	under, most := 0, 0
	answer := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the end of the connection is not noticed
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		select {
		case <-answer:
		case <-r.Context().Done():
		}
		mu.Lock()
		under--
		mu.Unlock()
	}))
	defer server.Close()
	o := quick(filepath.Join(t.TempDir(), "webhooks.db"))
	o.Timeout = 30 * time.Millisecond
	h := newHook(t)
	r := h.receiver(t, "crm")
	r.URL = server.URL
	out := open(t, o, r)
	for range 40 {
		out.Observe(step(store.NewID(), 0))
	}
	eventually(t, "it fails", func() bool { return !status(t, out).Failing.IsZero() && status(t, out).Answer != "" })
	if s := status(t, out); s.Answer != "no answer in time" {
		t.Errorf("the answer is %q", s.Answer)
	}
	eventually(t, "few requests are under way", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return under <= 1
	})
	close(answer)
	eventually(t, "all are delivered", func() bool { return status(t, out).Delivered == 40 })
	mu.Lock()
	defer mu.Unlock()
	if most > 16 {
		t.Errorf("%d requests were under way", most)
	}
}

// The receiver goes away, and comes back at the same address.
func TestAReceiverRestarts(t *testing.T) {
	h := newHook(t)
	r := h.receiver(t, "crm")
	address := h.Listener.Addr().String()
	h.Close()
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), r)
	ids := []store.ID{store.NewID(), store.NewID()}
	for n := range 10 {
		for _, id := range ids {
			out.Observe(step(id, n))
		}
	}
	eventually(t, "nobody answers", func() bool { return strings.HasPrefix(status(t, out).Answer, "no answer") })
	var listener net.Listener
	eventually(t, "the address is free", func() bool { // another program may have it for a moment
		var err error
		listener, err = net.Listen("tcp", address)
		return err == nil
	})
	h.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: h}}
	h.Start()
	eventually(t, "all are delivered", func() bool { return status(t, out).Delivered == 20 })
	for _, id := range ids {
		inOrder(t, h.all(), id, 10)
	}
}

// 410 Gone switches a receiver off, also over a restart. Once it is on again it hears of what happened meanwhile.
func TestGoneSwitchesOff(t *testing.T) {
	h := newHook(t)
	h.script(func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusGone) })
	file := filepath.Join(t.TempDir(), "webhooks.db")
	out := open(t, quick(file), h.receiver(t, "crm"))
	id := store.NewID()
	out.Observe(step(id, 0))
	eventually(t, "it is off", func() bool { return !status(t, out).Off.IsZero() })
	asked := h.requests()
	out.Observe(step(id, 1))
	shut(t, out)
	h.script(nil)

	out = open(t, quick(file), h.receiver(t, "crm"))
	out.Observe(step(id, 2))
	s := status(t, out)
	if s.Off.IsZero() || h.requests() != asked {
		t.Errorf("after a restart it is %+v, and was asked %d times more", s, h.requests()-asked)
	}
	if err := out.Resume(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	out.Observe(step(id, 3))
	eventually(t, "all are delivered", func() bool { return status(t, out).Delivered == 4 })
	inOrder(t, h.all(), id, 4)
}

// What a receiver with another URL did not hear while the old one was gone, it hears.
func TestAnotherURLSwitchesOn(t *testing.T) {
	old, next := newHook(t), newHook(t)
	old.script(func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusGone) })
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), old.receiver(t, "crm"))
	id := store.NewID()
	out.Observe(step(id, 0))
	eventually(t, "it is off", func() bool { return !status(t, out).Off.IsZero() })
	if err := out.Configure(t.Context(), next.receiver(t, "crm")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new one has it", func() bool { return len(next.all()) == 1 })
}

// Receivers that the disk does not take up change nothing: those before hear of everything that happens meanwhile.
func TestReceiversAreTakenUpWholeOrNotAtAll(t *testing.T) {
	file := filepath.Join(t.TempDir(), "webhooks.db")
	crm, archive, other := newHook(t), newHook(t), newHook(t)
	out := open(t, quick(file), crm.receiver(t, "crm"), archive.receiver(t, "archive"))
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	refuse := `CREATE TRIGGER refuse BEFORE INSERT ON receivers WHEN NEW.name = 'new'
		BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`
	if _, err := db.Exec(refuse); err != nil {
		t.Fatal(err)
	}
	err = out.Configure(t.Context(), other.receiver(t, "crm"), other.receiver(t, "new"))
	if err == nil || !strings.Contains(err.Error(), "take up the receiver new") {
		t.Fatalf("the error is %v", err)
	}
	out.Observe(step(store.NewID(), 0))
	eventually(t, "both have it", func() bool { return len(crm.all()) == 1 && len(archive.all()) == 1 })
	if got := other.requests(); got > 0 {
		t.Errorf("one that was not taken up is sent %d messages", got)
	}
	if _, err := db.Exec(`DROP TRIGGER refuse`); err != nil {
		t.Fatal(err)
	}
	if err := out.Configure(t.Context(), other.receiver(t, "crm"), other.receiver(t, "new")); err != nil {
		t.Fatal(err)
	}
	out.Observe(step(store.NewID(), 0))
	eventually(t, "the other one has it twice", func() bool { return len(other.all()) == 2 })
	if len(crm.all()) != 1 || len(archive.all()) != 1 {
		t.Error("those before still hear of what happens")
	}
}

// Retry-After is honoured: nothing is sent before.
func TestRetryAfterIsHonoured(t *testing.T) {
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		h := newHook(t)
		h.script(func(w http.ResponseWriter, _ received) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(code)
		})
		out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), h.receiver(t, "crm"))
		out.Observe(step(store.NewID(), 0))
		eventually(t, "it waits", func() bool { return time.Until(status(t, out).Paused) > 50*time.Minute })
		out.Observe(step(store.NewID(), 0))
		eventually(t, "both wait", func() bool { return status(t, out).Waiting == 2 })
		if h.requests() != 1 {
			t.Errorf("%d: it was asked %d times", code, h.requests())
		}
		shut(t, out)
	}
}

// A redirect is a failure: nobody else is sent what happened.
func TestNoRedirectIsFollowed(t *testing.T) {
	h, elsewhere := newHook(t), newHook(t)
	h.script(func(w http.ResponseWriter, _ received) {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), h.receiver(t, "crm"))
	out.Observe(step(store.NewID(), 0))
	eventually(t, "it fails", func() bool { return strings.Contains(status(t, out).Answer, "not followed") })
	if n := elsewhere.requests(); n != 0 {
		t.Errorf("the other host got %d requests", n)
	}
}

// What cannot be delivered for too long is dead, its session goes on, and an operator tries it again or drops it.
func TestTheDeadAreShownAndRaised(t *testing.T) {
	h := newHook(t)
	id := store.NewID()
	h.script(func(w http.ResponseWriter, got received) {
		if got.Data.Reason == "0" || got.Data.Reason == "1" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	o := quick(filepath.Join(t.TempDir(), "webhooks.db"))
	o.GiveUp = 30 * time.Millisecond
	out := open(t, o, h.receiver(t, "crm"))
	for n := range 3 {
		out.Observe(step(id, n))
	}
	eventually(t, "the third is delivered", func() bool { return len(h.all()) == 1 })
	dead, err := out.Dead(t.Context(), 10)
	if err != nil || len(dead) != 2 || dead[0].Subject != id.String() || dead[0].Answer != "400 Bad Request" {
		t.Fatalf("dead: %+v, %v", dead, err)
	}
	if n, err := out.Drop(t.Context(), "crm", dead[0].Number); n != 1 || err != nil {
		t.Errorf("dropped %d, %v", n, err)
	}
	h.script(nil)
	if n, err := out.Retry(t.Context(), "crm", 0); n != 1 || err != nil {
		t.Errorf("tried again %d, %v", n, err)
	}
	eventually(t, "the second is delivered", func() bool { return len(h.all()) == 2 })
	eventually(t, "nothing is dead or waits", func() bool { s := status(t, out); return s.Dead == 0 && s.Waiting == 0 })
	if _, err := out.Retry(t.Context(), "nobody", 0); err == nil {
		t.Error("a receiver that there is not was asked")
	}
}

// What was taken, or is dead, is forgotten with its user, and gone from the file. What waits is sent first.
func TestUsersAreForgotten(t *testing.T) {
	h := newHook(t)
	file := filepath.Join(t.TempDir(), "webhooks.db")
	o := quick(file)
	o.GiveUp = 30 * time.Millisecond
	out := open(t, o, h.receiver(t, "crm"))
	id, dies, other := store.NewID(), store.NewID(), store.NewID()
	h.script(func(w http.ResponseWriter, got received) {
		if got.Data.Session == dies.String() {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	for _, e := range []event.Event{
		{Kind: event.SignedIn, Handle: id, User: "countess"}, {Kind: event.Revoked, Handle: id, Address: "192.0.2.99"},
		{Kind: event.SignedIn, Handle: dies, User: "countess"}, {Kind: event.SignedIn, Handle: other, User: "grace"},
	} {
		e.At = time.Now()
		out.Observe(e)
	}
	eventually(t, "one is dead and three are taken", func() bool {
		s := status(t, out)
		return s.Dead == 1 && s.Delivered == 3
	})
	if n, err := out.Forget(t.Context(), "countess"); n != 3 || err != nil {
		t.Fatalf("forgot %d, %v", n, err)
	}
	if dead, err := out.Dead(t.Context(), 10); len(dead) != 0 || err != nil {
		t.Errorf("dead: %+v, %v", dead, err)
	}
	for _, suffix := range []string{"", "-wal"} {
		if text, _ := os.ReadFile(file + suffix); bytes.Contains(text, []byte("countess")) ||
			bytes.Contains(text, []byte("192.0.2.99")) {
			t.Errorf("the file %q still has the user", suffix)
		}
	}
	if n, err := out.Replay(t.Context(), "crm", time.Now().Add(-time.Hour)); n != 1 || err != nil {
		t.Errorf("%d messages are there, %v", n, err)
	}
}

// Replay sends again what happened since a time, in order and with the IDs of the first time.
func TestReplay(t *testing.T) {
	h := newHook(t)
	file := filepath.Join(t.TempDir(), "webhooks.db")
	out := open(t, quick(file), h.receiver(t, "crm"))
	id := store.NewID()
	out.Observe(event.Event{Kind: event.Rotated, At: time.Now().Add(-time.Hour), Handle: id, Reason: "long ago"})
	for n := range 5 {
		out.Observe(step(id, n))
	}
	eventually(t, "all are delivered", func() bool { return status(t, out).Delivered == 6 })
	first := h.all()[1:]
	n, err := out.Replay(t.Context(), "crm", time.Now().Add(-time.Minute))
	if n != 5 || err != nil {
		t.Errorf("%d messages, %v", n, err)
	}
	eventually(t, "they are there again", func() bool { return len(h.all()) == 11 })
	again := h.all()[6:]
	for i := range again {
		if again[i].id != first[i].id || again[i].body != first[i].body {
			t.Errorf("message %d was %v, and is %v", i, first[i], again[i])
		}
	}

	// The command line asks through the file, while the program has it open.
	f, err := webhook.OpenFile(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Replay(t.Context(), "crm", time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := f.Replay(t.Context(), "nobody", time.Now()); err == nil {
		t.Error("nobody was asked")
	}
	eventually(t, "they are there once more", func() bool { return len(h.all()) == 16 })
	eventually(t, "the command line sees that", func() bool {
		all, err := f.Statuses(t.Context())
		return err == nil && len(all) == 1 && all[0].Delivered == 16
	})
}

// Too many wait: the oldest go, and the receiver hears of it.
//
// Rows: I9
func TestAFullOutboxTellsWhatItDrops(t *testing.T) {
	h := newHook(t)
	h.script(func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusInternalServerError) })
	o := quick(filepath.Join(t.TempDir(), "webhooks.db"))
	o.MaxWaiting = 50
	out := open(t, o, h.receiver(t, "crm"))
	id := store.NewID()
	for n := range 200 {
		out.Observe(step(id, n))
	}
	eventually(t, "the oldest are dropped", func() bool { s := status(t, out); return s.Dropped >= 150 })
	h.script(nil)
	eventually(t, "nothing waits", func() bool { return status(t, out).Waiting == 0 })
	last, told := -1, 0
	for _, m := range h.all() {
		if m.Type == webhook.Gap {
			told += m.Data.Count
			continue
		}
		var n int
		if _, err := fmt.Sscan(m.Data.Reason, &n); err != nil || n <= last {
			t.Errorf("message %q after %d", m.Data.Reason, last)
		}
		last = n
	}
	if last != 199 || told < 150 {
		t.Errorf("the last is %d, and gaps tell of %d", last, told)
	}
}

// Receivers hear of what they ask for.
func TestKindsAndReceivers(t *testing.T) {
	all, ends := newHook(t), newHook(t)
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")),
		all.receiver(t, "all"), ends.receiver(t, "ends", webhook.SessionEnded))
	id, next := store.NewID(), store.NewID()
	for _, e := range []event.Event{
		{Kind: event.Created, Handle: id}, {Kind: event.SignedIn, Handle: id, User: "ada", Reason: "password"},
		{Kind: event.Touched, Count: 3}, {Kind: event.Forged, Handle: id}, {Kind: event.Expired, Count: 1},
		{Kind: event.Revoked, Handle: id, User: "ada", Actor: "root", Reason: "left"},
		{Kind: event.Revoked, User: "ada", Actor: "root"}, {Kind: event.Revoked, Actor: "root"},
	} {
		e.At = time.Now()
		out.Observe(e)
	}
	out.Notice(store.Notice{Kind: store.Swept, ID: id})
	out.Notice(store.Notice{Kind: store.Swept, ID: id}) // from another node, too
	out.Notice(store.Notice{Kind: store.Replaced, ID: id, By: next})
	out.Notice(store.Notice{Kind: store.Deleted, ID: id})
	eventually(t, "all have what they ask for", func() bool { return len(all.all()) == 7 && len(ends.all()) == 3 })
	var types []string
	for _, m := range all.all() {
		types = append(types, m.Type)
	}
	slices.Sort(types)
	want := []string{"everybody.not_before", "session.created", "session.ended", "session.ended", "session.ended",
		"session.signed_in", "user.not_before"}
	if !slices.Equal(types, want) {
		t.Errorf("types are %v, want %v", types, want)
	}
	first := ends.all()[0].Data
	if first.Session != id.String() || first.User != "ada" || first.Actor != "root" || first.Reason != "left" ||
		first.Cause != "revoked" {
		t.Errorf("%+v", first)
	}
	if last := ends.all()[2].Data; last.Cause != "replaced" || last.Next != next.String() {
		t.Errorf("%+v", last)
	}
}
