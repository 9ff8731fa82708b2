package format

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// decodeJSON reads one JSON value and nothing after it; errors name the line.
func decodeJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	err := d.Decode(v)
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", lineAt(data, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: %s has the type %s, where %s is needed",
			lineAt(data, kind.Offset), cmp.Or(kind.Field, "the file"), kind.Value, needed(kind.Type))
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return fmt.Errorf("line %d: the file ends too early: %w", lineAt(data, int64(len(data))), io.ErrUnexpectedEOF)
	case err != nil:
		return err
	}
	end := d.InputOffset()
	if rest := bytes.TrimSpace(data[end:]); len(rest) > 0 {
		return fmt.Errorf("line %d: the file goes on after its end", lineAt(data, end))
	}
	return nil
}

// needed names a type of Go as JSON knows it.
func needed(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte{'\n'})
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
