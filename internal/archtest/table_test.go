package archtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Table renders the table of rooms as Markdown, from the top floor down.
func Table(rooms []Room) string {
	rooms = slices.Clone(rooms)
	slices.SortStableFunc(rooms, func(a, b Room) int { return cmp.Compare(b.Floor, a.Floor) })
	var b strings.Builder
	b.WriteString("| floor | package | what lives there | what it imports beside the standard library, and why |\n")
	b.WriteString("|---|---|---|---|\n")
	for _, room := range rooms {
		floor := ""
		if room.Floor > 0 {
			floor = fmt.Sprint(room.Floor)
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s: %s |\n", floor, room.Path, room.Holds, imports(room.May), room.Why)
	}
	return b.String()
}

func imports(may []string) string {
	if len(may) == 0 {
		return "nothing"
	}
	var names []string
	for _, path := range may {
		switch path {
		case Ours:
			names = append(names, "all that is ours")
		case Everything:
			names = append(names, "anything")
		default:
			names = append(names, "`"+path+"`")
		}
	}
	return strings.Join(names, ", ")
}
