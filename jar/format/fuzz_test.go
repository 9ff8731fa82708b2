package format_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// entries counts the entries of a file without the help of its reader; -1 if that is more than a few lines.
func entries(f format.Format, data []byte) int {
	text := strings.TrimPrefix(string(data), "\ufeff")
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) ||
		bytes.IndexByte(data, 0) >= 0 { // UTF-16
		return -1
	}
	switch f.String() {
	case "netscape":
		return lines(text, func(line string) bool {
			return line[0] != '#' || len(line) >= 10 && strings.EqualFold(line[:10], "#HttpOnly_")
		})
	case "lwp":
		return lines(text, func(line string) bool { return line[0] != '#' })
	case "playwright", "playwright-cookies", "puppeteer", "cdp", "extension", "selenium", "tough-cookie",
		"cookie-quick-manager", "net-http", "cookie-store":
		return elements([]byte(text))
	}
	return -1
}

func lines(text string, match func(string) bool) (n int) {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) != "" && match(line) {
			n++
		}
	}
	return n
}

// elements counts the elements of an array, or of that under the key cookies of an object.
func elements(data []byte) int {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil && list != nil {
		return len(list)
	}
	var object struct{ Cookies []json.RawMessage }
	if !json.Valid(data) || nested(data) ||
		bytes.Count(data, []byte("ookies")) != 1 || !bytes.Contains(data, []byte(`"cookies"`)) ||
		json.Unmarshal(data, &object) != nil || object.Cookies == nil || bytes.Contains(data, []byte("result")) {
		return -1
	}
	return len(object.Cookies)
}

// nested reports whether an object has more in it than cookies and origins, where there may be cookies as well.
func nested(data []byte) bool {
	var object map[string]json.RawMessage
	json.Unmarshal(data, &object)
	for key, value := range object {
		if key != "cookies" && key != "origins" && (value[0] == '{' || value[0] == '[') {
			return true
		}
	}
	return false
}

// FuzzImport: a reader takes any file without harm. Each entry of the file is read, left out or expired, each one that
// is left out is named, and what was read can be exported and imported again.
func FuzzImport(f *testing.F) {
	files := slices.DeleteFunc(format.All(), format.Format.Database)
	for i, kind := range files {
		if kind.Writable() {
			var b bytes.Buffer
			if _, err := kind.Export(sampleJar(f), &b); err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), b.Bytes())
			f.Add(uint8(i), b.Bytes()[:b.Len()/2])
		}
	}
	cases, _ := filepath.Glob(filepath.Join("testdata", "cases", "*"))
	for _, name := range cases {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if kind, ok := format.Detect(data); ok && !strings.HasSuffix(name, ".want") {
			i := slices.IndexFunc(files, func(f format.Format) bool { return f.String() == kind.String() })
			f.Add(uint8(i), data)
		}
	}
	u := &url.URL{Scheme: "https", Host: "shop.example", Path: "/"}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		kind := files[int(which)%len(files)].With(format.Options{URL: u, Now: func() time.Time { return today }})
		var cookies []jar.Cookie
		named := 0
		counts, err := kind.Read(bytes.NewReader(data), func(c jar.Cookie) { cookies = append(cookies, c) },
			func(l format.Loss) {
				if l.LeftOut && l.Place != "" {
					named++
				}
			})
		if len(cookies) != counts.Read+counts.Expired || named < counts.LeftOut || counts.Changed > counts.Read {
			t.Fatalf("%v: %+v, but %d cookies, and %d named", kind, counts, len(cookies), named)
		}
		if want := entries(kind, data); want >= 0 && err == nil && utf8.Valid(data) && counts.Entries() != want {
			t.Fatalf("%v: %+v of %d entries in %q", kind, counts, want, data)
		}
		again(t, kind, cookies)
	})
}

// again writes cookies in the native format and reads them.
func again(t *testing.T, kind format.Format, cookies []jar.Cookie) {
	t.Helper()
	j, same := newJar(jar.Spec), newJar(jar.Spec)
	if err := j.Add(cookies...); err != nil {
		t.Fatalf("%v: %v", kind, err)
	}
	var b bytes.Buffer
	if _, err := format.Native.Export(j, &b); err != nil {
		t.Fatal(err)
	}
	if _, err := format.Native.Import(same, bytes.NewReader(b.Bytes())); err != nil {
		t.Fatalf("%v: exported %s: %v", kind, b.Bytes(), err)
	}
	if got, want := fmt.Sprint(same.All()), fmt.Sprint(j.All()); got != want {
		t.Errorf("%v: read as\n%s\nand then as\n%s", kind, want, got)
	}
}
