package cookiefiles

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"coatcheck.dev/jar/format"
	"coatcheck.dev/test/internal/trial"
)

// A recording is an HTTP archive of so many entries, each with a body of so many bytes. It is made while it is read.
type recording struct {
	entries, body int
	next          io.Reader
	at            int
}

func (r *recording) Read(b []byte) (int, error) {
	for {
		if r.next != nil {
			if n, err := r.next.Read(b); err != io.EOF {
				return n, err
			}
		}
		switch {
		case r.at == 0:
			r.next = strings.NewReader(`{"log": {"entries": [`)
		case r.at <= r.entries:
			r.next = io.MultiReader(strings.NewReader(fmt.Sprintf(`{"request": {"url": "https://shop.example/%d"},
				"response": {"headers": [{"name": "Set-Cookie", "value": "n%d=1"}], "content": {"text": "`, r.at, r.at)),
				io.LimitReader(&endless{`<p class=\"x\">[{`}, int64(r.body/16*16)), strings.NewReader(`"}}},`))
		case r.at == r.entries+1:
			r.next = strings.NewReader(`]}}`)
		default:
			return 0, io.EOF
		}
		r.at++
	}
}

// endless is a text again and again.
type endless struct{ text string }

func (e *endless) Read(b []byte) (int, error) {
	n := 0
	for len(b)-n >= len(e.text) {
		n += copy(b[n:], e.text)
	}
	if n == 0 {
		n = copy(b, e.text)
		e.text = e.text[n:] + e.text[:n]
	}
	return n, nil
}

// TestArchivesOfAnySize: the bodies in an archive take no memory, however long they are, alone or together.
func TestArchivesOfAnySize(t *testing.T) {
	const most = 100 << 20
	for _, r := range []recording{
		{entries: trial.Times(40, 2000), body: 1 << 20},
		{entries: 1, body: trial.Times(40<<20, 2000<<20)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n := 0
		err := format.ReadArchive(&r, func(x format.Exchange) { n += len(x.SetCookie) },
			func(l format.Loss) { t.Error(l) })
		runtime.ReadMemStats(&after)
		if err != nil || n != r.entries {
			t.Errorf("of %d entries %d were read, %v", r.entries, n, err)
		}
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%d entries with %d bytes each: %d bytes allocated", r.entries, r.body, used)
		if limit := uint64(min(most, 4<<20+r.entries*20<<10)); used > limit {
			t.Errorf("%d entries with %d bytes each take %d bytes, want at most %d", r.entries, r.body, used, limit)
		}
	}
}
