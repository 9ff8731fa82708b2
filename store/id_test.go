package store_test

import (
	"encoding/json"
	"strings"
	"testing"

	"coatcheck.dev/store"
)

func TestIDTextRoundTrip(t *testing.T) {
	for range 100 {
		id := store.NewID()
		text := id.String()
		if len(text) != store.IDLen {
			t.Fatalf("text of %d characters, want %d", len(text), store.IDLen)
		}
		if got, err := store.ParseID(text); err != nil || got != id {
			t.Errorf("ParseID(%q) = %v, %v; want %v", text, got, err, id)
		}
	}
	if a, b := store.NewID(), store.NewID(); a == b {
		t.Error("two new IDs are equal")
	}
}

func TestIDIsZero(t *testing.T) {
	if !(store.ID{}).IsZero() || (store.ID{15: 1}).IsZero() || store.NewID().IsZero() {
		t.Error("only the zero ID is zero")
	}
}

// One ID has one text, or logs and URLs could name a session in two ways.
func TestParseIDIsStrict(t *testing.T) {
	good := store.ID{0xfb, 0xff, 15: 0x10}.String()
	if _, err := store.ParseID(good); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":          "",
		"short":          good[:21],
		"long":           good + "A",
		"padded":         good + "==",
		"padding inside": good[:20] + "==",
		"spare bits":     good[:21] + "B",
		"base64":         strings.NewReplacer("-", "+", "_", "/").Replace(good),
		"line end":       good[:20] + "\r\n",
		"only line ends": strings.Repeat("\n", store.IDLen),
		"blank":          " " + good[1:],
		"not ASCII":      good[:20] + "é",
		"NUL":            good[:21] + "\x00",
	} {
		if id, err := store.ParseID(text); err == nil {
			t.Errorf("%s: ParseID(%q) = %v, want an error", name, text, id)
		} else if !id.IsZero() {
			t.Errorf("%s: an ID came with the error", name)
		}
	}
}

func TestIDIsTextInJSON(t *testing.T) {
	id := store.NewID()
	b, err := json.Marshal(map[store.ID]store.ID{id: id})
	if want := `{"` + id.String() + `":"` + id.String() + `"}`; err != nil || string(b) != want {
		t.Fatalf("got %s, %v; want %s", b, err, want)
	}
	var back map[store.ID]store.ID
	if err := json.Unmarshal(b, &back); err != nil || back[id] != id {
		t.Errorf("got %v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"x":"y"}`), &back); err == nil {
		t.Error("a text that is no ID was read")
	}
}

// A failed parse must not leave half an ID behind.
func TestUnmarshalTextKeepsTheOldID(t *testing.T) {
	id := store.ID{1}
	if err := id.UnmarshalText([]byte(strings.Repeat("!", store.IDLen))); err == nil || id != (store.ID{1}) {
		t.Errorf("got %v, %v", id, err)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(store.ID{}.String())
	f.Add(store.ID{1, 2, 3}.String())
	f.Add(strings.Repeat("_", store.IDLen))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := store.ParseID(text); err == nil && id.String() != text {
			t.Errorf("ParseID(%q) has the text %q", text, id.String())
		}
	})
}
