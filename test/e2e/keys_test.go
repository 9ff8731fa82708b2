package e2e_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Keys rotate twice under load, a node is killed while it encrypts anew, and the oldest keys are retired: nobody is
// signed out, no cart is lost, and at last everything hangs on the newest key.
//
// Rows: I12, A29
func TestKeyRotationDrill(t *testing.T) {
	t.Parallel()
	clients := 16
	if os.Getenv("COATCHECK_TORTURE") != "" {
		clients = 64
	}
	address, _ := engines["redis"](t)
	keys := filepath.Join(t.TempDir(), "keys")
	flags := []string{"demo", "--seal-data", "--keys", keys, "--store", address}
	nodes := []*program{open(t, flags...), open(t, flags...)}
	balancer := &balancer{}
	balancer.set(nodes...)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer func() {
		stop()
		running.Wait()
	}()
	var answers atomic.Int64
	for range clients {
		v := newVisitor(t, nodes[0].site)
		v.signIn("grace")
		v.post("/cart", "item", "tea")
		running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				a, ok := balancer.send(v, n)
				answers.Add(1)
				if !ok || a.status >= 400 || a.status == http.StatusOK &&
					(!strings.Contains(a.body, `"user":"grace"`) || !strings.Contains(a.body, `"tea"`)) {
					t.Errorf("request %d: %d %s (%v)", n, a.status, a.body, ok)
					return
				}
			}
		})
	}
	passes := func(n int64) {
		for before := answers.Load(); answers.Load() < before+n && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	keysDo := func(command string, more ...string) (string, bool) {
		status, text := run(t, append([]string{"keys", command, "--keys", keys}, more...)...)
		return text, status == 0
	}
	settled := func() {
		t.Helper()
		deadline := time.Now().Add(2 * time.Minute)
		for {
			text, ok := keysDo("check", "--store", address)
			if ok && regexp.MustCompile(`Not encrypted: 0\n`).MatchString(text) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("not all sessions hang on the newest key:\n%s", text)
			}
		}
	}
	passes(100)
	for round := range 2 {
		if text, ok := keysDo("rotate"); !ok {
			t.Fatal(text)
		}
		if round == 1 { // in the middle of it
			balancer.set(nodes[0])
			nodes[1].Kill()
			nodes[1] = nodes[1].reopen()
			balancer.set(nodes...)
		}
		passes(200)
		settled()
	}
	text, ok := keysDo("retire", "--store", address, "--older-than=-1m")
	if !ok || !strings.HasPrefix(text, "Retired: 2\n") {
		t.Fatalf("retire: %s", text)
	}
	time.Sleep(time.Second) // by then every node goes by it
	passes(200)
	settled()
	stop()
	running.Wait()
	t.Logf("%d clients, %d answers", clients, answers.Load())
}
