package format_test

import (
	"net/url"
	"testing"
	"time"

	"coatcheck.dev/jar"
)

// today is the time of the tests' jars.
var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newJar(p jar.Profile) *jar.Jar {
	return jar.New(jar.Options{Profile: p, Now: func() time.Time { return today }})
}

func at(text string) *jar.Request {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return &jar.Request{URL: u}
}

func set(t *testing.T, j *jar.Jar, r *jar.Request, line string) {
	t.Helper()
	if why := j.Set(r, line); why.Excluded() {
		t.Errorf("set %.60q: %v", line, why)
	}
}

func expect(t *testing.T, j *jar.Jar, r *jar.Request, want string) {
	t.Helper()
	if got := j.Header(r); got != want {
		t.Errorf("%s: %q, want %q", r.URL, got, want)
	}
}
