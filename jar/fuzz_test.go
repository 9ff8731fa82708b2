package jar_test

import (
	"bytes"
	"fmt"
	"net/url"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// FuzzSet: whatever servers and scripts can store can be saved and loaded, by every profile.
func FuzzSet(f *testing.F) {
	for i, line := range []string{
		"a=1", "=v", "a\t=\xff; Path=/\xff; Secure", "__HOST-a=1", "__Http-a=1; Secure",
		"a=1; Domain=example.com; Max-Age=9", "a=1; Partitioned; Secure; SameSite=None",
	} {
		f.Add(uint8(i), "https://www.example.com/a;b/c", "https://[::1]:8443/", line)
	}
	f.Add(uint8(1), "http://a%20b/", "", "a=1")
	f.Add(uint8(0), "http://.example/\xff/", "https://top.example", "a=1")
	f.Fuzz(func(t *testing.T, which uint8, at, top, line string) {
		u, err := url.Parse(at)
		if err != nil {
			t.Skip()
		}
		r := &jar.Request{URL: u, Script: which&4 != 0}
		if r.TopLevel, err = url.Parse(top); err != nil || top == "" {
			r.TopLevel = nil
		}
		j, _ := newJar(profiles[int(which)%len(profiles)])
		j.Set(r, line)
		j.Header(r)
		if err := j.CheckIndex(); err != nil {
			t.Error(err)
		}
		var b bytes.Buffer
		if _, err := format.Native.Export(j, &b); err != nil {
			t.Fatal(err)
		}
		again, _ := newJar(j.Profile())
		if _, err := format.Native.Import(again, &b); err != nil {
			t.Fatalf("%s %q: %v", u, line, err)
		}
		if got, want := fmt.Sprint(again.All()), fmt.Sprint(j.All()); got != want {
			t.Errorf("%s %q: saved %s, loaded %s", u, line, want, got)
		}
	})
}
