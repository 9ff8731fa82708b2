package api

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"coatcheck.dev/store"
)

// cursorText is strict, so that each place in a listing has one text.
var cursorText = base64.RawURLEncoding.Strict()

const (
	cursorBytes = 8 + 16 // microseconds since 1970, big-endian, and the ID
	cursorChars = cursorBytes / 3 * 4
)

var errCursor = errors.New("api: the cursor is malformed")

// FormatCursor returns the text that stands for a place in a listing, or "" for the zero one.
func FormatCursor(c store.Cursor) string {
	if c == (store.Cursor{}) {
		return ""
	}
	b := make([]byte, 0, cursorBytes)
	b = binary.BigEndian.AppendUint64(b, uint64(c.CreatedAt.UnixMicro()))
	b = append(b, c.ID[:]...)
	return cursorText.EncodeToString(b)
}

// ParseCursor reads the text that FormatCursor writes.
func ParseCursor(s string) (store.Cursor, error) {
	if s == "" {
		return store.Cursor{}, nil
	}
	if len(s) != cursorChars {
		return store.Cursor{}, errCursor
	}
	// The decoder passes over line ends, so a text of the right length can still be too short.
	b, err := cursorText.DecodeString(s)
	if err != nil || len(b) != cursorBytes {
		return store.Cursor{}, errCursor
	}
	c := store.Cursor{CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()}
	copy(c.ID[:], b[8:])
	return c, nil
}
