package chaos

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/test/internal/trial"
)

// Streams of one session on two nodes, however many there are, end with it: ten thousand of them within a second of the
// acknowledgement, where there is time to measure it.
//
// Rows: A42
func TestManyStreamsEnd(t *testing.T) {
	w := newWorld(t, engines["redis"](t), trial.Seed(t))
	streams := trial.Times(200, 10_000)
	b := newBrowser(w, 1)
	in := b.send(w.nodes[0], "POST", "/in?user=ada", "")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ends := make(chan time.Time, streams)
	var opening sync.WaitGroup
	free := make(chan struct{}, 50)
	for i := range streams {
		free <- struct{}{}
		opening.Go(func() {
			defer func() { <-free }()
			r := request(w.nodes[i%2], "GET", "/stream?every=1h", in.ticket).WithContext(t.Context())
			resp, err := client.Do(r)
			if err == nil && resp.StatusCode == http.StatusOK {
				_, err = resp.Body.Read(make([]byte, 1))
			}
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("stream %d: %v, %v", i, resp, err)
				ends <- time.Time{}
				return
			}
			go func() {
				defer resp.Body.Close()
				_, _ = io.Copy(io.Discard, resp.Body) // it is cut off
				ends <- time.Now()
			}()
		})
	}
	opening.Wait()
	if n := len(ends); n > 0 {
		t.Fatalf("%d of %d streams ended too soon", n, streams)
	}
	if a := b.send(w.nodes[0], "POST", "/end?user=ada", ""); a.status != http.StatusNoContent {
		t.Fatalf("sign-out: %d %s", a.status, a.body)
	}
	acknowledged, limit := time.Now(), time.After(time.Minute)
	var last time.Duration
	for i := range streams {
		select {
		case end := <-ends:
			last = max(last, end.Sub(acknowledged))
		case <-limit:
			t.Fatalf("%d of %d streams go on a minute after the sign-out", streams-i, streams)
		}
	}
	t.Logf("%d streams have ended %v after the acknowledgement", streams, last)
	if trial.Torture() && last > time.Second {
		t.Error("that is more than a second")
	}
}
