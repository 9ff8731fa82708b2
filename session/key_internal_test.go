package session

import (
	"encoding/json"
	"math"
	"testing"

	"coatcheck.dev/store"
)

// same checks that the short way, where it is certain, leads to the same as encoding/json, and says whether it is.
func same[T comparable](t *testing.T, text string) bool {
	t.Helper()
	got, ok := plain[T](text)
	if !ok {
		return false
	}
	var want T
	if err := json.Unmarshal([]byte(text), &want); err != nil || got != want {
		t.Errorf("plain(%q) = %v; encoding/json says %v, %v", text, got, want, err)
	}
	return true
}

var plainTexts = []string{
	"", "\"", "\"\"", "\"dark\"", "\"a\\n\"", "\"a\"b\"", "\"\\\"", "\"\xff\"", "\"\u00fc\"", "\"a\x00\"", "\"a\x7f\"",
	" \"a\"",
	"0", "00", "12", "-12", "012", "+1", "1_0", "1.5", "1e3", "9223372036854775807", "9223372036854775808", "12 ",
	"true", "false", "True", "null", "{}", "[1]",
}

func TestPlain(t *testing.T) {
	var texts, numbers, truths int
	for _, text := range plainTexts {
		if same[string](t, text) {
			texts++
		}
		if same[int](t, text) {
			numbers++
		}
		if same[bool](t, text) {
			truths++
		}
		if _, ok := plain[store.ID](text); ok {
			t.Errorf("%q is taken for a type that decodes itself", text)
		}
	}
	if texts != 2 || numbers != 3 || truths != 2 {
		t.Errorf("%d texts, %d numbers and %d truth values went the short way, want 2, 3 and 2", texts, numbers, truths)
	}
}

func FuzzPlain(f *testing.F) {
	for _, text := range plainTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		same[string](t, text)
		same[int](t, text)
		same[bool](t, text)
	})
}

// What is encoded the short way is what encoding/json writes.
func TestEncodeWritesTheSameAsJSON(t *testing.T) {
	checkEncode(t, 0, 7, -7, math.MaxInt, math.MinInt)
	checkEncode(t, true, false)
	checkEncode(t, "a<\n", "")
}

func checkEncode[T any](t *testing.T, values ...T) {
	t.Helper()
	for _, v := range values {
		want, _ := json.Marshal(v)
		if got, err := encode(v); got != string(want) || err != nil {
			t.Errorf("%v is encoded as %q, error %v; want %q", v, got, err, want)
		}
	}
}
