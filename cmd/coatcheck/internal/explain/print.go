package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/paragraph"
	"coatcheck.dev/devices"
	"coatcheck.dev/internal/visible"
	"coatcheck.dev/session"
)

// WriteJSON writes the report for programs, without what browsers make of Set-Cookie lines: coatcheck check --lines
// tells that.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Kind says what a text without a name was taken for.
func (c *Cookie) Kind() string {
	if c.Worth == "handle" {
		return "handle"
	}
	return "ticket"
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer, now time.Time) error {
	var b strings.Builder
	for i, c := range r.Cookies {
		if i > 0 {
			b.WriteByte('\n')
		}
		name := cmp.Or(visible.Text(c.Name), "("+c.Kind()+")")
		fmt.Fprintf(&b, "%s: %s\n", name, c.Worth)
		paragraph.Write(&b, "  ", c.Means)
		if c.Session != nil {
			writeSession(&b, c.Session, now)
		}
		if c.End != nil {
			fmt.Fprintf(&b, "  Ended      %s\n", when(c.End.At))
			paragraph.Write(&b, "             ", c.End.HowEnded())
		}
	}
	if text := r.Browsers(); text != "" {
		b.WriteString("\nWhat browsers make of the lines:\n\n" + text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Browsers says what browsers make of the Set-Cookie lines, without values; it is empty if there are none.
func (r *Report) Browsers() string {
	if r.lines == nil {
		return ""
	}
	var b strings.Builder
	_ = r.lines.WriteText(&b, false) // a Builder takes all
	return hidden(b.String())
}

func writeSession(b *strings.Builder, i *session.Info, now time.Time) {
	fmt.Fprintf(b, "  Session    %s\n", i.Handle)
	if i.CreatedAt.IsZero() {
		return
	}
	user := "nobody has signed in"
	if i.User != "" {
		user = visible.Text(i.User)
	}
	fmt.Fprintf(b, "  User       %s\n  Started    %s\n  Last seen  %s\n  Ends       %s", user, when(i.CreatedAt),
		when(i.LastSeen), when(i.Ends()))
	if left := i.Ends().Sub(now).Round(time.Second); left > 0 {
		fmt.Fprintf(b, ", in %v if it is not used", left)
	}
	browser := cmp.Or(visible.Text(i.Device.Label), devices.Name(i.Device.UserAgent), "unknown")
	if i.Device.Address != "" {
		browser += " at " + visible.Text(i.Device.Address)
	}
	fmt.Fprintf(b, "\n  Browser    %s\n", browser)
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
