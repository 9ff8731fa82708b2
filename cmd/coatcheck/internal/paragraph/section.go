package paragraph

import (
	"fmt"
	"strings"
)

// A Section of a report is a title with items below it. Without items it is not written.
type Section struct {
	Title string
	Sign  string // before each item
	Items []Item
}

// An Item is one thing that a report tells.
type Item struct {
	Name  string   // stands before the first text, unless it is ""
	Texts []string // one paragraph each
	Fix   string   // what to do; "" if there is nothing
}

// Add adds an item.
func (s *Section) Add(name, fix string, texts ...string) {
	s.Items = append(s.Items, Item{name, texts, fix})
}

// Write writes the section.
func (s *Section) Write(b *strings.Builder) {
	if len(s.Items) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", s.Title)
	for _, item := range s.Items {
		begin := "  " + s.Sign + " "
		if item.Name != "" {
			begin += fmt.Sprintf("%-20s ", item.Name)
		}
		for _, text := range item.Texts {
			Write(b, begin, text)
			begin = "    "
		}
		if item.Fix != "" {
			Write(b, "    → ", item.Fix)
		}
	}
}
