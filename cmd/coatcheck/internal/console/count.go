package console

import (
	"golang.org/x/text/language"
	text "golang.org/x/text/message"
)

// A count is a number as a page shows it: 1,234,567.
type count int

func (n count) String() string { return numbers.Sprint(int(n)) }

var numbers = text.NewPrinter(language.English)
