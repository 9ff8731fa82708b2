package seal

import (
	"slices"
	"testing"
	"time"
)

func FuzzParseKeys(f *testing.F) {
	f.Add(string(formatKeys([]*key{newKey(time.Unix(2, 0)), newKey(time.Unix(1, 0))})))
	f.Add("coatcheck keys 1\n# c\n\n2026-01-02T03:04:05Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("coatcheck keys 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseKeys(text)
		if err != nil {
			return
		}
		again, err := parseKeys(string(formatKeys(keys)))
		if err != nil || !slices.EqualFunc(keys, again, (*key).same) {
			t.Errorf("written and read again: %v, %v", again, err)
		}
	})
}
