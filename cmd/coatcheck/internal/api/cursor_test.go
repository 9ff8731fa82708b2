package api_test

import (
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/store"
)

func TestCursorComesBack(t *testing.T) {
	for _, c := range []store.Cursor{
		{},
		{CreatedAt: time.Date(2026, 11, 22, 9, 30, 0, 123456000, time.UTC), ID: store.NewID()},
		{CreatedAt: time.UnixMicro(0).UTC(), ID: store.NewID()},
		{CreatedAt: time.UnixMicro(-1).UTC(), ID: store.ID{}},
	} {
		got, err := api.ParseCursor(api.FormatCursor(c))
		if err != nil || !got.CreatedAt.Equal(c.CreatedAt) || got.ID != c.ID {
			t.Errorf("%v came back as %v, %v", c, got, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("nowhere")
	f.Add(api.FormatCursor(store.Cursor{CreatedAt: time.UnixMicro(1764000000000000), ID: store.ID{1}}))
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := api.ParseCursor(s)
		if err != nil {
			return
		}
		if again := api.FormatCursor(c); again != s {
			t.Errorf("%q is another text of the place that %q stands for", s, again)
		}
	})
}
