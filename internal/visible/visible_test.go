package visible_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"coatcheck.dev/internal/visible"
)

func ExampleText() {
	fmt.Println(visible.Text("ada"))
	fmt.Println(visible.Text("ada\u202enimda"))
	// Output:
	// ada
	// ada\u202enimda
}

// Rows: A44, ASVS 16.4.1
func TestWhatIsUnseenIsShown(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"ada@shop.example", "ada@shop.example"},
		{"山田\u3000太郎", "山田\u3000太郎"},
		{"Zoë 🧥 עדה", "Zoë 🧥 עדה"},
		{`SHOP\ada`, `SHOP\ada`},
		{`SHOP\ursula`, `SHOP\ursula`},
		{"\uFFFD", "\uFFFD"}, // the character itself
		{"a\x00b", `a\x00b`},
		{"a\r\nb\tc", `a\x0d\x0ab\x09c`},
		{"\x1b[31mred\x1b[0m\x7f", `\x1b[31mred\x1b[0m\x7f`},
		{"a\u0085\u009bb", `a\u0085\u009bb`},
		{"ada\u202enimda\u202c", `ada\u202enimda\u202c`},
		{"\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c", `\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c`},
		{"a\u200bd\u200ca\u200d\u2060\ufeff\u00ad", `a\u200bd\u200ca\u200d\u2060\ufeff\u00ad`},
		{"a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"\u034f\u115f\u1160\u3164\uffa0\u17b4\u180e\ufe0f", `\u034f\u115f\u1160\u3164\uffa0\u17b4\u180e\ufe0f`},
		{"\U000e0041\U000e0100\U00101234", `\U000e0041\U000e0100\U00101234`},
		{"a\xffb\xed\xa0\x80", `a\xffb\xed\xa0\x80`},
		// What only looks escaped looks different from what is.
		{`ada\u202enimda`, `ada\\u202enimda`},
		{`\x00`, `\\x00`},
		{"\\\x00", `\\\x00`},
	} {
		if got := visible.Text(tt.text); got != tt.want {
			t.Errorf("%q is shown as %s, want %s", tt.text, got, tt.want)
		}
		if got := visible.Plain(tt.text); got != (tt.text == tt.want) {
			t.Errorf("%q is plain: %v", tt.text, got)
		}
	}
}

// Rows: A44, ASVS 16.4.1
func TestJSONMeansTheSame(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"user":"ada"}` + "\n", `{"user":"ada"}` + "\n"},
		{"{\n\t\"user\": \"Zoë\"\r\n}", "{\n\t\"user\": \"Zoë\"\r\n}"},
		{"{\"user\":\"ada\u202enimda\"}", `{"user":"ada\u202enimda"}`},
		{"[\"\x7f\u0085\u200b\",\"\u2028\U000e0041\\u0000\"]", `["\u007f\u0085\u200b","\u2028\udb40\udc41\u0000"]`},
	} {
		if got := string(visible.JSON([]byte(tt.text))); got != tt.want {
			t.Errorf("%q became %s, want %s", tt.text, got, tt.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("ada", "ada\u202e")
	f.Add("\xff\\x00", `\xff\x00`)
	f.Fuzz(func(t *testing.T, a, b string) {
		shown := visible.Text(a)
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			t.Errorf("%q is shown as %q", a, shown)
		}
		if a != b && shown == visible.Text(b) {
			t.Errorf("%q and %q are both shown as %s", a, b, shown)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var want, got string
		if json.Unmarshal(text, &want) != nil || json.Unmarshal(visible.JSON(text), &got) != nil || got != want {
			t.Errorf("the JSON of %q became that of %q", a, got)
		}
	})
}
