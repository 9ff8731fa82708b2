package proc

import (
	"bytes"
	"strings"
	"sync"
)

// A transcript collects what a program prints and wakes those who wait for more of it.
type transcript struct {
	mu    sync.Mutex
	lines []string
	rest  []byte        // the last line as long as its end is missing
	ended bool          // nothing more will come
	news  chan struct{} // closed and replaced at every change
}

func newTranscript() *transcript {
	return &transcript{news: make(chan struct{})}
}

func (o *transcript) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, b...)
	for {
		line, rest, found := bytes.Cut(o.rest, []byte("\n"))
		if !found {
			break
		}
		o.lines = append(o.lines, strings.TrimSuffix(string(line), "\r"))
		o.rest = rest
	}
	o.wake()
	return len(b), nil
}

// close makes a last line of what has no end.
func (o *transcript) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rest) > 0 {
		o.lines = append(o.lines, string(o.rest))
		o.rest = nil
	}
	o.ended = true
	o.wake()
}

func (o *transcript) wake() {
	close(o.news)
	o.news = make(chan struct{})
}

// since returns the lines after the first n, whether they are the last, and a channel that closes when that
// has changed.
func (o *transcript) since(n int) (lines []string, ended bool, news <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines[n:len(o.lines):len(o.lines)], o.ended, o.news
}

func (o *transcript) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(append(o.lines[:len(o.lines):len(o.lines)], string(o.rest)), "\n")
}
