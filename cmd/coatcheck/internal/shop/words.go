package shop

import (
	"fmt"
	"strings"
	"time"
)

// ago says how long ago something was, as coarsely as people do.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// browserName makes a few words of a User-Agent, for people to tell their own browsers apart. It proves nothing.
func browserName(agent string) string {
	name := firstIn(agent, "another program", []string{"Edg", "OPR", "Firefox", "Chrome", "Safari", "curl"})
	name = strings.NewReplacer("Edg", "Edge", "OPR", "Opera").Replace(name)
	if system := firstIn(agent, "", []string{"Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"}); system != "" {
		return name + " on " + system
	}
	return name
}

// firstIn returns the first of the words that is in the text. Browsers name others as well, the order tells which it is.
func firstIn(text, otherwise string, words []string) string {
	for _, word := range words {
		if strings.Contains(text, word) {
			return word
		}
	}
	return otherwise
}
