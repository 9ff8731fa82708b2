package webhook

import (
	"net/http"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0,
		"99999999":                      time.Hour,
		"99999999999999999999":          0,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"Mon, 02 Mar 2026 12:00:00 GMT": time.Hour, "Sunday, 01-Mar-26 12:01:00 GMT": time.Minute,
	} {
		if got := retryAfter(text, noon); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestBackoffGrowsToItsBound(t *testing.T) {
	for tries := range 100 {
		want := min(5*time.Second<<min(tries, 20), time.Hour)
		for range 50 {
			if got := backoff(5*time.Second, time.Hour, tries); got < want*3/4 || got > want*5/4 {
				t.Fatalf("after %d attempts: %v, want about %v", tries, got, want)
			}
		}
	}
}

func TestAnswersAreJudgedByTheirStatus(t *testing.T) {
	for status, want := range map[int]outcome{
		200: {ok: true, says: "200 OK"}, 202: {ok: true, says: "202 Accepted"}, 299: {ok: true, says: "299"},
		302: {says: "302 Found: redirects are not followed; correct the URL"}, 410: {gone: true, says: "410 Gone"},
		429: {wait: time.Minute, says: "429 Too Many Requests"},
		503: {wait: time.Minute, says: "503 Service Unavailable"},
		500: {says: "500 Internal Server Error"}, 100: {says: "100 Continue"},
	} {
		got := judge(delivery{}, status, http.Header{"Retry-After": {"60"}}, noon)
		if got.ok != want.ok || got.gone != want.gone || got.wait != want.wait || got.says != want.says {
			t.Errorf("%d: %+v, want %+v", status, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "Sun, 01 Mar 2026 12:00:30 GMT", "-5", "1e9", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d := retryAfter(text, noon); d < 0 || d > maxWait {
			t.Errorf("%q: %v", text, d)
		}
	})
}
