package index

import (
	"encoding/base64"
	"encoding/json"
	"errors"
)

// A cursor is a place in a listing: the key of the last row before.
type cursor struct {
	Sort string  `json:"s"`
	Text []byte  `json:"t,omitempty"`
	Ints []int64 `json:"i"`
}

// ErrCursor says that a text is no place in the listing of a query.
var ErrCursor = errors.New("index: the place does not belong to this query")

// maxCursor bounds the text of a cursor, in bytes.
const maxCursor = 1024

func (c *cursor) String() string {
	text, _ := json.Marshal(c) // bytes and numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseCursor reads a cursor; it is nil for "".
func parseCursor(text string, by Sort) (*cursor, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxCursor {
		return nil, ErrCursor
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	var c cursor
	if err != nil || json.Unmarshal(plain, &c) != nil {
		return nil, ErrCursor
	}
	o, ints := sortings[by.by()], 0
	if ints = len(o.cols); o.text {
		ints--
	}
	if c.Sort != by.String() || len(c.Ints) != ints {
		return nil, ErrCursor
	}
	return &c, nil
}

// values returns the key as the columns have it.
func (c *cursor) values(o sorting) (key []any) {
	if o.text {
		var first any = c.Text
		if o.facet != "" {
			first = string(c.Text)
		} else if c.Text == nil {
			first = []byte{}
		}
		key = append(key, first)
	}
	for _, n := range c.Ints {
		key = append(key, n)
	}
	return key
}

// A spot is where a row stands.
type spot struct {
	cursor
	id int64
}
