package state

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// headings are what a document calls the things of a kind.
var headings = map[Kind]string{
	KindCookie:           "Cookies",
	KindThirdPartyCookie: "Cookies of other sites",
	KindLocalStorage:     "localStorage",
	KindSessionStorage:   "sessionStorage",
	KindIndexedDB:        "IndexedDB",
	KindCacheStorage:     "Cache Storage",
	KindServiceWorker:    "Service workers",
	KindSession:          "Sessions, on the server",
}

// WriteMarkdown writes the inventory as a Markdown document, one table for each kind and one line for each entry. The
// same inventory is always the same document, so that it can be committed and compared: see statetest.Golden.
func (inv *Inventory) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("# What lives where\n\n" +
		"Made from the declarations in the code. A test holds it to them, so change those.\n")
	var kind Kind
	for _, e := range inv.Entries() {
		if k := e.Place.Kind(); k != kind {
			kind = k
			fmt.Fprintf(&b, "\n## %s\n\n"+
				"| name | lives in | controlled by | sensitivity | purpose | kept for | what for | more |\n"+
				"|---|---|---|---|---|---|---|---|\n", headings[kind])
		}
		e.writeRow(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (e *Entry) writeRow(b *bytes.Buffer) {
	purpose := string(e.Purpose)
	if e.Purpose.NeedsConsent() {
		purpose += ", with consent"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", code(e.Name), e.Place, e.Place.ControlledBy(),
		e.Sensitivity, purpose, e.LifetimeText(), plain(e.Description), plain(strings.Join(e.details(), "; ")))
}

// details are what most entries do not have.
func (e *Entry) details() (details []string) {
	add := func(name, text string) {
		if text != "" {
			details = append(details, name+text)
		}
	}
	add("kept by ", e.Host)
	add("", e.Attributes.text())
	add("owner: ", e.Owner)
	add("goes to: ", strings.Join(e.Recipients, ", "))
	add("legal basis: ", string(e.LegalBasis))
	return details
}

// text returns the attributes as they stand in a Set-Cookie line.
func (a *Attributes) text() string {
	if a == nil {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		text string
		is   bool
	}{
		{"Domain=" + a.Domain, a.Domain != ""}, {"Path=" + a.Path, a.Path != ""}, {"Secure", a.Secure},
		{"HttpOnly", a.HttpOnly}, {"SameSite=" + a.SameSite.String(), a.SameSite != 0}, {"Partitioned", a.Partitioned},
	} {
		if p.is {
			parts = append(parts, p.text)
		}
	}
	return strings.Join(parts, ", ")
}

// plain keeps a text from meaning anything to Markdown or HTML.
func plain(text string) string { return markdownEscapes.Replace(text) }

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "~", `\~`)

// code shows a name as it is. In a table even code cannot have a bar, and it ends at a backtick.
func code(name string) string {
	if strings.ContainsAny(name, "|`") {
		return plain(name)
	}
	return "`" + name + "`"
}
