package bound

import (
	"strings"
	"testing"
)

// Two texts are the same if every one of their bytes is, wherever it stands among those that are compared at a time.
func TestSame(t *testing.T) {
	for n := 8; n < 40; n++ {
		text := strings.Repeat("x", n)
		if !same(text, strings.Clone(text)) {
			t.Errorf("%d bytes are not the same", n)
		}
		for i := range n {
			if other := text[:i] + "y" + text[i+1:]; same(text, other) || same(other, text) {
				t.Errorf("%d bytes are the same, but for number %d", n, i)
			}
		}
		if same(text, text[1:]) || same(text, text+"x") {
			t.Errorf("%d bytes are the same as more, or fewer", n)
		}
	}
	if same("", "") || same("short", "short") {
		t.Error("short texts are the same: they are none of ours")
	}
}
