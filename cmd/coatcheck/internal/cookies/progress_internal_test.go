package cookies

import (
	"strings"
	"testing"
	"time"
)

// TestProgress: nothing is told before the time, then the number of entries, and in the end the line is empty.
func TestProgress(t *testing.T) {
	var b strings.Builder
	p := progress{to: &b, next: time.Now().Add(time.Hour)}
	for range 10_000 {
		p.count()
	}
	p.end()
	if b.Len() > 0 {
		t.Errorf("told %q before the time", &b)
	}
	p.next = time.Time{}
	for range 10_000 {
		p.count()
	}
	p.end()
	if got := b.String(); !strings.HasPrefix(got, "\rread: 12288 entries") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("told %q", got)
	}
}
