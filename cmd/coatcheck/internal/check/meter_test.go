package check_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/check"
)

// A slowReader takes its time for the first byte.
type slowReader struct {
	io.Reader
	wait time.Duration
}

func (r *slowReader) Read(to []byte) (int, error) {
	time.Sleep(r.wait)
	r.wait = 0
	return r.Reader.Read(to)
}

// TestProgress: a terminal is told how far a long archive is, and has an empty line in the end; a short one is silent.
func TestProgress(t *testing.T) {
	const archive = `{"log": {"entries": [{"request": {"url": "https://shop.example/"},
		"response": {"status": 200, "headers": [{"name": "Set-Cookie", "value": "a=1; Secure; HttpOnly"}]}}]}}`
	for wait, want := range map[time.Duration]string{time.Second: "", 2100 * time.Millisecond: "\rread: 0 MB\r\x1b[K"} {
		synctest.Test(t, func(t *testing.T) {
			var told strings.Builder
			err := check.Run(t.Context(), check.Options{
				HAR: "-", Stdin: &slowReader{strings.NewReader(archive), wait}, FailOn: "error", Progress: &told,
			}, io.Discard)
			if err != nil || told.String() != want {
				t.Errorf("%v: %v, told %q, want %q", wait, err, &told, want)
			}
		})
	}
}
