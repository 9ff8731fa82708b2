package format_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// TestCases reads the files in testdata/cases, which are what people bring: each with what its program writes, and some
// with damage. NAME.want has the format, the losses, the counts and the cookies; UPDATE_GOLDEN=1 writes it. Files with
// .url. in their names are read with the URL https://shop.example/a/b.
func TestCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "cases", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("cases", filepath.Base(file)+".want"), []byte(readCase(t, file, data)))
		})
	}
}

func readCase(t *testing.T, file string, data []byte) string {
	f, ok := format.Detect(data[:min(len(data), 64<<10)])
	if !ok {
		return "nothing known\n"
	}
	o := format.Options{Now: func() time.Time { return today }}
	if strings.Contains(file, ".url.") {
		o.URL, _ = url.Parse("https://shop.example/a/b")
	}
	var cookies []jar.Cookie
	var b strings.Builder
	fmt.Fprintln(&b, "format:", f)
	n, err := f.With(o).Read(bytes.NewReader(data), func(c jar.Cookie) { cookies = append(cookies, c) },
		func(l format.Loss) { fmt.Fprintln(&b, l) })
	if err != nil {
		fmt.Fprintln(&b, "error:", err)
	}
	fmt.Fprintf(&b, "read %d, changed %d, left out %d, expired %d\n", n.Read, n.Changed, n.LeftOut, n.Expired)
	if n.Entries() != n.LeftOut+len(cookies) {
		t.Errorf("%d cookies of %+v", len(cookies), n)
	}
	_, err = format.Native.Write(&b, slices.Values(cookies), nil)
	if err != nil {
		t.Error(err)
	}
	if bytes.Contains(data, []byte("secret")) && strings.Contains(b.String(), "secret") {
		t.Error("a value of what was left out is told")
	}
	return b.String()
}
