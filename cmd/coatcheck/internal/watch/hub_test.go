package watch_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/watch"
	"coatcheck.dev/store"
)

// A feed is told what to tell.
type feed struct{ store.Hub }

// HEAD of a stream has an end: its client waits for the next answer on the same connection.
func TestHeadOfAStreamEnds(t *testing.T) {
	hub := watch.New(watch.Options{Feed: new(feed)})
	defer hub.Close()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("HEAD", "/", nil)
	if !hub.Serve(w, r, func() bool { return true }) || w.Code != 200 || w.Body.Len() > 0 ||
		w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// A listener follows a stream as a service does.
type listener struct {
	t      *testing.T
	events chan heard
	cancel context.CancelFunc
}

type heard struct {
	id, name string
	data     map[string]any
}

func listen(t *testing.T, url, after string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t, make(chan heard, 100_000), cancel}
	go func() {
		defer close(l.events)
		defer res.Body.Close()
		var e heard
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				_ = json.Unmarshal([]byte(value), &e.data)
				l.events <- e
				e = heard{}
			}
		}
	}()
	t.Cleanup(cancel)
	return l
}

// wait returns the next event of a name.
func (l *listener) wait(name string) heard {
	l.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				l.t.Fatalf("the stream ended before %s", name)
			}
			if e.name == name {
				return e
			}
		case <-late:
			l.t.Fatalf("no %s within a minute", name)
		}
	}
}

func serve(t *testing.T, h *watch.Hub) string {
	t.Helper()
	good := func() bool { return true }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.Serve(w, r, good) {
			w.WriteHeader(503)
		}
	}))
	t.Cleanup(func() { h.Close(); server.Close() })
	return server.URL
}

func TestEndsAreToldAndResumed(t *testing.T) {
	t.Parallel()
	f := new(feed)
	url := serve(t, watch.New(watch.Options{Feed: f, Lease: 3 * time.Second}))
	first := listen(t, url, "")
	if hello := first.wait("hello"); hello.data["lease_ms"] != 3000.0 || hello.data["resumed"] != false {
		t.Errorf("hello %v", hello)
	}
	a, b := store.NewID(), store.NewID()
	f.Publish(store.Notice{Kind: store.Created, ID: a, User: "ada"})
	f.Publish(store.Notice{Kind: store.Deleted, ID: a})
	end := first.wait("ended")
	if end.data["handle"] != a.String() || end.data["user"] != "ada" || end.data["reason"] != "ended" {
		t.Errorf("ended %v", end)
	}
	first.wait("beat")
	first.cancel()
	f.Publish(store.Notice{Kind: store.Replaced, ID: b, By: a, User: "alan"})
	f.Publish(store.Notice{Kind: store.UserDeleted, User: "alan"})
	f.Publish(store.Notice{Kind: store.Cutoff, At: time.Now()})
	f.Publish(store.Notice{Kind: store.Saved, ID: b})
	second := listen(t, url, end.id)
	if hello := second.wait("hello"); hello.data["resumed"] != true {
		t.Errorf("hello %v", hello)
	}
	if e := second.wait("ended"); e.data["reason"] != "replaced" || e.data["next"] != a.String() {
		t.Errorf("ended %v", e)
	}
	second.wait("user_ended")
	if e := second.wait("not_before"); e.data["user"] != nil {
		t.Errorf("not_before %v", e)
	}
	second.wait("changed")
	for _, unknown := range []string{"x.1", "1", end.id + "9", strings.Split(end.id, ".")[0] + ".99"} {
		l := listen(t, url, unknown)
		if hello := l.wait("hello"); hello.data["resumed"] != false {
			t.Errorf("%s resumes", unknown)
		}
		l.wait("resync")
	}
}

// While a feed is interrupted there is no beat, and after it whoever listens begins anew.
func TestInterruptedFeedHasNoBeat(t *testing.T) {
	t.Parallel()
	f := new(feed)
	url := serve(t, watch.New(watch.Options{Feed: f}))
	f.Publish(store.Notice{Kind: store.Lost})
	l := listen(t, url, "")
	f.Publish(store.Notice{Kind: store.Deleted, ID: store.NewID()})
	for l.wait("hello"); ; {
		e := <-l.events
		if e.name == "beat" {
			t.Fatal("a beat while the feed is lost")
		}
		if e.name == "ended" {
			break
		}
	}
	f.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
	if e := <-l.events; e.name != "resync" {
		t.Errorf("%v instead of a resync", e)
	}
	l.wait("beat")
}

// A stream that does not read is never waited for, and learns that it has missed something.
func TestSlowStreamResyncs(t *testing.T) {
	t.Parallel()
	f := new(feed)
	h := watch.New(watch.Options{Feed: f})
	release, began := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.Serve(&stuck{ResponseWriter: w, began: began, release: release}, r, func() bool { return true })
	}))
	t.Cleanup(func() { h.Close(); server.Close() })
	l := listen(t, server.URL, "")
	f.Publish(store.Notice{Kind: store.Deleted, ID: store.NewID()})
	<-began
	for range 20_000 {
		f.Publish(store.Notice{Kind: store.Deleted, ID: store.NewID()}) // returns at once
	}
	close(release)
	l.wait("resync")
	l.wait("beat")
}

// stuck holds the first event back.
type stuck struct {
	http.ResponseWriter
	began, release chan struct{}
	held           bool
}

func (s *stuck) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *stuck) Write(b []byte) (int, error) {
	if !s.held && strings.Contains(string(b), "event: ended") {
		s.held = true
		close(s.began)
		<-s.release
	}
	return s.ResponseWriter.Write(b)
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	f := new(feed)
	h := watch.New(watch.Options{Feed: f})
	l := listen(t, serve(t, h), "")
	l.wait("hello")
	h.Close()
	l.wait("bye")
	if _, open := <-l.events; open {
		t.Error("something comes after bye")
	}
}
