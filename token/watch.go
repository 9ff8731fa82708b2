package token

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"coatcheck.dev/store"
)

const (
	maxEvent    = 64 << 10         // bytes of a line in the stream of a watch
	watchSilent = 10 * time.Second // after which a stream counts as broken: beats come every second
)

// Watch is the feed of a service that reaches no store: it follows the stream of the session API of a coatcheck
// program, at a URL such as https://sessions.example/v1/watch, of https or of http on this machine. The key is an app
// key of the scope "read". A nil client is one that follows no redirects; one with a timeout would cut the stream.
//
//	feed := token.Watch("https://sessions.example/v1/watch", key, nil)
//	defer feed.Close(ctx)
//	verifier := token.NewVerifier(token.VerifierOptions{Feed: feed, …})
//
// It is lost while the program cannot be reached or refuses the key, and tries again every two seconds at most.
func Watch(from, key string, client *http.Client) *store.FeedState {
	if client == nil {
		client = &http.Client{CheckRedirect: stay}
	}
	return store.NewFeedState(func(ctx context.Context, tell func(store.Notice)) {
		if !safe(from) {
			return // the key would go to anybody
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		silent := time.AfterFunc(watchSilent, cancel)
		defer silent.Stop()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer "+key)
		begun := time.Now()
		answer, err := client.Do(r)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			readWatch(answer.Body, begun, func(n store.Notice) {
				silent.Reset(watchSilent)
				tell(n)
			})
		}
	})
}

// stay follows no redirect, because the key would go along.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A watched event is any of the stream's: each has some of these members.
type watched struct {
	Handle store.ID  `json:"handle"`
	User   string    `json:"user"`
	Before time.Time `json:"before"`
	UpTo   int64     `json:"upto_ms"`
}

// readWatch tells what stands in a stream, until it ends or has something that cannot be read: then nobody knows what
// it was.
func readWatch(stream io.Reader, begun time.Time, tell func(store.Notice)) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, maxEvent)
	name := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			var e watched
			if json.Unmarshal([]byte(value), &e) != nil {
				return
			}
			if n := e.notice(name, begun); n.Kind != 0 {
				tell(n)
			}
		}
	}
}

// notice returns what an event says to a verifier; the zero notice if that is nothing.
func (e *watched) notice(name string, begun time.Time) store.Notice {
	switch name {
	case "ended":
		return store.Notice{Kind: store.Deleted, ID: e.Handle, User: e.User}
	case "user_ended":
		return store.Notice{Kind: store.UserDeleted, User: e.User}
	case "not_before":
		return store.Notice{Kind: store.Cutoff, User: e.User, At: e.Before}
	case "resync":
		return store.Notice{Kind: store.Lost}
	case "beat":
		return store.Notice{Kind: store.Beat, At: begun.Add(time.Duration(e.UpTo) * time.Millisecond)}
	}
	return store.Notice{}
}
