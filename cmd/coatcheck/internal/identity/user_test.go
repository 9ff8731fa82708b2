package identity

import "testing"

// A session of before sign-in refused control characters adds no header to a request.
func TestLineEndsAreEncoded(t *testing.T) {
	const want = "a%0D%0ACoatcheck-User:%20root"
	if got := EncodeUser("a\r\nCoatcheck-User: root"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzUser checks that every name comes back from its text, and that the text can stand in a header.
func FuzzUser(f *testing.F) {
	for _, user := range []string{"ada", "Jürgen 😀", "a,b;c%d\"e", "\xff\x00"} {
		f.Add(user)
	}
	f.Fuzz(func(t *testing.T, user string) {
		text := EncodeUser(user)
		for i := range len(text) {
			if text[i] != '%' && !plainInUser(text[i]) {
				t.Fatalf("%q: text %q", user, text)
			}
		}
		if got, err := DecodeUser(text); err == nil && got != user {
			t.Fatalf("%q came back from %q as %q", user, text, got)
		}
		if got, err := DecodeUser(user); err == nil && got == "" {
			t.Fatalf("%q is nobody", user)
		}
	})
}
