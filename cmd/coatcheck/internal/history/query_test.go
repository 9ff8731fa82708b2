package history_test

import (
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/history"
)

func TestAQueryThatIsWrongIsRefused(t *testing.T) {
	for raw, want := range map[string]string{
		"usr=ada":                           "there is no parameter",
		"user=ada&user=bob":                 "2 times",
		"session=x":                         "22 characters",
		"address=192.0.2":                   "a network such as",
		"address=fe80::%25eth0/64":          "a network such as",
		"from=yesterday":                    "a distance from now",
		"from=2026-01-02&to=2026-01-01":     "from is not before to",
		"from=1d&to=-2d":                    "from is not before to",
		"kind=nothing":                      "there is no kind",
		"limit=0":                           "from 1 to 1000",
		"after=x":                           `not the "next"`,
		"%zz":                               "malformed",
		"user=" + strings.Repeat("a", 256):  "longer than 255",
		"user=" + strings.Repeat("a", 5000): "longer than 4096",
	} {
		if _, err := history.ParseQuery(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", raw, err, want)
		}
	}
	q, err := history.ParseQuery("user=ada&operator=&kind=&address=192.0.2.9/24&from=2026-01-02T03:04&limit=9")
	if got := q.String(); err != nil ||
		got != "address=192.0.2.0%2F24&from=2026-01-02T03%3A04&limit=9&user=ada" {
		t.Errorf("%s, %v", got, err)
	}
	q, err = history.ParseQuery("user=ada&from=-2d&to=1h&limit=0")
	if got := q.String(); err == nil || got != "from=-2d&to=1h&user=ada" {
		t.Errorf("what is good of a query is %s, %v", got, err)
	}
}

// Whatever is asked, the answer ends, and what is understood is written so that it is understood the same.
func FuzzParseQuery(f *testing.F) {
	for _, raw := range []string{
		"user=ada&kind=session_revoked", "address=10.0.0.0/8&from=2026-01-02&to=2026-02-03T04:05:06Z",
		"from=-2d&to=1h30m",
		"session=AAAAAAAAAAAAAAAAAAAAAA&limit=10", "after=AAAAAAAAAAAAAAAAAAAAAA", "address=::ffff:1.2.3.4/100",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := history.ParseQuery(raw)
		if err != nil {
			return
		}
		again, err := history.ParseQuery(q.String())
		if err != nil || again != q {
			t.Errorf("%q is %+v, and written as %q %+v, %v", raw, q, q.String(), again, err)
		}
	})
}
