package banner

import (
	"fmt"
	"time"

	"coatcheck.dev/state"
)

// Words are the texts in one language. [English] and [German] come along. Change what you like in a copy.
type Words struct {
	Language string // tag (BCP 47), which also chooses translated descriptions of the inventory

	Title, Question          string // of the banner
	Accept, Refuse, Settings string // its buttons
	Policy                   string // the link to Options.PolicyURL

	PageTitle, Intro string
	Save             string // stores what is ticked
	Saved            string // notice after that
	GPC              string // for browsers that send Sec-GPC: 1
	Always           string // beside purposes that need no consent
	Kept             string // above the list of a purpose

	// Purposes are what people call the purposes. One that is missing is called by its own name.
	Purposes map[state.Purpose]PurposeWords

	// Lifetime says how long something is kept. Zero is until the browser closes, or as long as the session.
	Lifetime func(time.Duration) string
}

// PurposeWords are the texts of one purpose.
type PurposeWords struct{ Title, About string }

// English returns the texts in English.
func English() Words {
	return Words{
		Language: "en",
		Title:    "Your choice",
		Question: "What you need works without asking. May we keep more than that in your browser? You can change " +
			"your answer at any time.",
		Accept: "Accept all", Refuse: "Refuse all", Settings: "Choose in detail", Policy: "What we keep, in full",
		PageTitle: "What may we keep?",
		Intro: "Tick what you allow, and nothing else is kept. What you take back is deleted from your browser at " +
			"once. The site works either way.",
		Save: "Save what is ticked", Saved: "Your choice is stored.",
		GPC: "Your browser asks not to be tracked (Global Privacy Control). Statistics and marketing are off unless " +
			"you tick them here.",
		Always: "Always on", Kept: "What is kept",
		Purposes: map[state.Purpose]PurposeWords{
			state.Essential:       {"Necessary", "The site does not work without it, so it needs no answer."},
			state.Preference:      {"Your preferences", "What you have chosen yourself, and for nothing else."},
			state.Personalization: {"Made for you", "What you did here shapes what you see here."},
			state.Analytics:       {"Statistics", "How many people come, and what they look at."},
			state.Marketing:       {"Marketing", "Which of our advertisements brought you here."},
		},
		Lifetime: lifetime("until the browser closes", "day", "days", "hour", "hours", "minute", "minutes"),
	}
}

// German returns the texts in German.
func German() Words {
	return Words{
		Language: "de",
		Title:    "Ihre Wahl",
		Question: "Was Sie brauchen, geht ohne zu fragen. Dürfen wir mehr als das in Ihrem Browser aufbewahren? Sie " +
			"können Ihre Antwort jederzeit ändern.",
		Accept: "Alles erlauben", Refuse: "Alles ablehnen", Settings: "Im Einzelnen wählen",
		Policy:    "Alles, was wir aufbewahren",
		PageTitle: "Was dürfen wir aufbewahren?",
		Intro: "Kreuzen Sie an, was Sie erlauben, und sonst wird nichts aufbewahrt. Was Sie zurücknehmen, wird " +
			"sofort in Ihrem Browser gelöscht. Die Seiten gehen so oder so.",
		Save: "Auswahl speichern", Saved: "Ihre Wahl ist gespeichert.",
		GPC: "Ihr Browser bittet darum, Sie nicht zu verfolgen (Global Privacy Control). Statistik und Werbung sind " +
			"aus, wenn Sie sie nicht hier ankreuzen.",
		Always: "Immer an", Kept: "Was aufbewahrt wird",
		Purposes: map[state.Purpose]PurposeWords{
			state.Essential:       {"Notwendig", "Ohne das gehen die Seiten nicht, darum braucht es keine Antwort."},
			state.Preference:      {"Ihre Einstellungen", "Was Sie selbst gewählt haben, und für nichts anderes."},
			state.Personalization: {"Für Sie gemacht", "Was Sie hier getan haben, bestimmt mit, was Sie hier sehen."},
			state.Analytics:       {"Statistik", "Wie viele Menschen kommen, und was sie sich ansehen."},
			state.Marketing:       {"Werbung", "Welche unserer Anzeigen Sie hergebracht hat."},
		},
		Lifetime: lifetime("bis der Browser schließt", "Tag", "Tage", "Stunde", "Stunden", "Minute", "Minuten"),
	}
}

func lifetime(none, day, days, hour, hours, minute, minutes string) func(time.Duration) string {
	return func(d time.Duration) string {
		unit, one, many := time.Minute, minute, minutes
		switch {
		case d == 0:
			return none
		case d%(24*time.Hour) == 0:
			unit, one, many = 24*time.Hour, day, days
		case d%time.Hour == 0:
			unit, one, many = time.Hour, hour, hours
		}
		if n := (d + unit - 1) / unit; n != 1 {
			return fmt.Sprintf("%d %s", n, many)
		}
		return "1 " + one
	}
}

// purpose returns the texts of a purpose.
func (words *Words) purpose(p state.Purpose) PurposeWords {
	if w, ok := words.Purposes[p]; ok {
		return w
	}
	return PurposeWords{Title: string(p)}
}
