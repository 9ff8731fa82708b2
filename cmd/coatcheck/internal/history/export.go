package history

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"coatcheck.dev/internal/visible"
	"coatcheck.dev/store"
)

var csvHead = []string{"at", "kind", "session", "was", "user", "address", "operator", "reason", "detail"}

// WriteCSV writes all entries that a query selects, newest first, as they are read. A cell is only text: one that a
// spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection), and what is unseen in it is
// escaped.
func (h *History) WriteCSV(ctx context.Context, w io.Writer, q Query) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHead); err != nil {
		return err
	}
	err := h.Each(ctx, q, func(e Entry) error {
		return out.Write([]string{
			e.At.Format(time.RFC3339Nano), string(e.Kind), handleText(e.Handle), handleText(e.Was), Cell(e.User),
			Cell(e.Address), Cell(e.Actor), Cell(e.Reason), Cell(e.Detail),
		})
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// handleText begins with an apostrophe where a handle begins with -, which a spreadsheet would take for a formula.
func handleText(id store.ID) string {
	if id.IsZero() {
		return ""
	}
	return Cell(id.String())
}

// Cell is a text as a cell of a CSV file has it: never a formula, and with nothing unseen in it.
func Cell(s string) string {
	if s == "" {
		return ""
	}
	if first, _ := utf8.DecodeRuneInString(s); strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		s = "'" + s
	}
	return visible.Text(s)
}

// WriteJSON writes all entries that a query selects, newest first, as they are read: one JSON array, an entry a line.
func (h *History) WriteJSON(ctx context.Context, w io.Writer, q Query) error {
	sep := "[\n"
	err := h.Each(ctx, q, func(e Entry) error {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, sep+string(text))
		sep = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	if sep == "[\n" {
		_, err = io.WriteString(w, "[]\n")
	} else {
		_, err = io.WriteString(w, "\n]\n")
	}
	return err
}
