package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"coatcheck.dev/internal/visible"
)

// SGR sequences of terminals (ECMA-48).
var colours = map[Verdict]string{Drift: "\x1b[31m", Declared: "\x1b[32m"}

// WriteText writes the audit for people, in colour or not: every item, with who put it there.
func (a *Audit) WriteText(w io.Writer, colour bool) error {
	var b bytes.Buffer
	for _, s := range a.Scenes {
		fmt.Fprintf(&b, "%s: %s\n", s.Name, many(s.Pages, "page"))
		if s.Note != "" {
			fmt.Fprintf(&b, "  note     %s\n", visible.Text(s.Note))
		}
	}
	b.WriteByte('\n')
	for _, i := range a.Items {
		i.writeText(&b, colour)
	}
	for _, name := range a.Missing {
		fmt.Fprintf(&b, "declared and not seen: %s\n", visible.Text(name))
	}
	for _, f := range a.faults() {
		fmt.Fprintf(&b, "%-7s  %s of %s: %s: %s [%s]\n", f.Severity, visible.Text(cmp.Or(f.Cookie, "(no name)")), f.URL,
			f.Rule, visible.Text(f.Message), f.Citation)
	}
	if a.Truncated {
		b.WriteString("There is more than was looked at.\n")
	}
	fmt.Fprintf(&b, "%s: %s. %s of cookies.\n", many(len(a.Items), "item"), a.summary(),
		many(len(a.faults()), "finding"))
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// summary is the verdict on the whole.
func (a *Audit) summary() string {
	if !a.Judged {
		return "not compared, as there is no inventory"
	}
	return fmt.Sprintf("%s from the inventory", many(len(a.Drifts()), "difference"))
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (i *Item) writeText(b *bytes.Buffer, colour bool) {
	verdict := string(i.Verdict)
	if colour && colours[i.Verdict] != "" {
		verdict = colours[i.Verdict] + verdict + "\x1b[0m"
	}
	name := visible.Text(cmp.Or(i.Name, "(no name)"))
	fmt.Fprintf(b, "%s %s  %s  %s\n", i.Kind, name, visible.Text(i.where()), verdict)
	for _, s := range i.Sources {
		fmt.Fprintf(b, "  by       %s\n", visible.Text(s.String()))
	}
	if len(i.Sources) == 0 {
		b.WriteString("  by       nobody was seen doing it\n")
	}
	fmt.Fprintf(b, "  when     %s\n", visible.Text(strings.Join(i.Scenes, ", ")))
	if i.Attributes != nil {
		fmt.Fprintf(b, "  cookie   %s\n", i.Attributes)
	}
	for _, p := range i.Problems {
		fmt.Fprintf(b, "  %-8s %s\n", "drift", p.Rule+": "+p.Message)
	}
	b.WriteByte('\n')
}

// where is the item's place in words.
func (i *Item) where() string {
	text := i.Place + i.Path
	if i.Partition != "" {
		text += " in " + i.Partition
	}
	return text
}

// String returns the attributes as a Set-Cookie header has them.
func (a *Attributes) String() string {
	list := []string{a.Lasts()}
	for _, flag := range []struct {
		on   bool
		name string
	}{{a.Secure, "Secure"}, {a.HTTPOnly, "HttpOnly"}, {a.Partitioned, "Partitioned"},
		{a.SameSite != "", "SameSite=" + a.SameSite}} {
		if flag.on {
			list = append(list, flag.name)
		}
	}
	return strings.Join(list, ", ")
}

// Lasts returns the lifetime in words.
func (a *Attributes) Lasts() string {
	if a.Lifetime <= 0 {
		return "until the browser closes"
	}
	return "for " + text(seconds(a.Lifetime))
}
