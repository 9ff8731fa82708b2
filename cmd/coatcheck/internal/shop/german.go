package shop

import "strings"

// inGerman translates a text of the shop. What is not here is what a visitor has written, or a message for developers.
func inGerman(text string) string {
	if german, ok := germanWords[text]; ok {
		return german
	}
	if days, ok := strings.CutSuffix(text, " days"); ok {
		return days + " Tage"
	}
	return text
}

var germanWords = map[string]string{
	// Everywhere.
	"Skip to the page": "Zum Inhalt",
	"Shop":             "Laden", "Cart": "Korb", "Log out": "Abmelden", "Sign in": "Anmelden",
	"Colours": "Farben", "Light": "Hell", "Dark": "Dunkel", "Language": "Sprache",
	"A demonstration of Coatcheck: nothing here is for sale.": "Eine Vorführung von Coatcheck: " +
		"hier ist nichts zu kaufen.",
	"What we keep": "Was wir aufbewahren", "Your choice": "Ihre Wahl",
	"See this shop from behind the counter: the console": "Der Laden von hinter der Theke: die Konsole",
	"What may we keep?": "Was dürfen wir aufbewahren?",

	// The shelf.
	"Give the browser a ticket. Keep the coat behind the counter.": "Dem Browser eine Marke. " +
		"Der Mantel bleibt hinter der Theke.",
	"This small shop remembers you the way a good cloakroom does. What is yours and harmless stays in your browser. " +
		"Everything else hangs behind the counter, and your browser holds a number for it.": "Dieser kleine Laden " +
		"merkt sich Sie wie eine gute Garderobe. Was Ihnen gehört und harmlos ist, bleibt in Ihrem Browser. Alles " +
		"andere hängt hinter der Theke, und Ihr Browser hat eine Nummer dafür.",
	"On the shelf": "Im Regal", "Add to cart": "In den Korb", "Looking for something else?": "Noch etwas?",
	"a teapot for two": "eine Kanne für zwei", "Ask for it": "Fragen", "You looked at": "Sie haben angesehen",
	"Back to the shelf": "Zurück zum Regal", "To the shelf": "Zum Regal", "on request": "auf Anfrage",
	"Seen by one visitor who lets us count":        "Angesehen von einem Gast, der sich zählen lässt",
	"Visitors who let us count, and looked at it:": "Gäste, die sich zählen lassen und es angesehen haben:",

	"tea": "Tee", "coffee": "Kaffee", "cocoa": "Kakao", "honey": "Honig", "biscuits": "Kekse", "cup": "Becher",
	"Assam, second flush. Malty, dark, and patient with milk.": "Assam, zweite Ernte. Malzig, dunkel, und geduldig " +
		"mit Milch.",
	"Washed beans from Huila, roasted on Tuesdays.":        "Gewaschene Bohnen aus Huila, dienstags geröstet.",
	"Stone ground, nothing added. Good in bad weather.":    "Auf Stein gemahlen, sonst nichts. Gut bei Regen.",
	"Heather honey from two hives behind the station.":     "Heidehonig aus zwei Stöcken hinter dem Bahnhof.",
	"Oats, butter, salt. A tin of twenty, if you share.":   "Hafer, Butter, Salz. Zwanzig in der Dose, zum Teilen.",
	"Stoneware, four ounces, a different glaze each time.": "Steinzeug, ein Achtelliter, jede Glasur anders.",

	// What lives where.
	"Your ticket": "Ihre Marke", "No ticket": "Keine Marke",
	"A random number in a cookie that scripts cannot read. This is its public half: it says nothing about you, and " +
		"only finds your peg.": "Eine Zufallszahl in einem Cookie, den Skripte nicht lesen. Das ist ihre öffentliche " +
		"Hälfte: sie sagt nichts über Sie und findet nur Ihren Haken.",
	"You have left nothing with us, so there is nothing to find. Put something in your cart to get one.": "Sie " +
		"haben nichts bei uns gelassen, also gibt es nichts zu finden. Legen Sie etwas in den Korb, dann bekommen " +
		"Sie eine.",
	"What lives where": "Was wo liegt",
	"Who should control it? That decides the place. This list is the shop’s inventory, with what your browser has " +
		"just sent.": "Wer soll darüber bestimmen? Das entscheidet über den Ort. Diese Liste ist das Verzeichnis des " +
		"Ladens, mit dem, was Ihr Browser gerade gesendet hat.",
	"In your browser": "In Ihrem Browser",
	"Yours. You can read it, change it, throw it away.":    "Ihres. Sie können es lesen, ändern, wegwerfen.",
	"Change what we may keep":                              "Ändern, was wir aufbewahren dürfen",
	"Behind the counter":                                   "Hinter der Theke",
	"Ours to look after. Your browser only has the ticket": "Wir passen darauf auf. Ihr Browser hat nur die Marke",
	"nobody has signed in":                                 "niemand ist angemeldet",
	"who you are":                                          "wer Sie sind", "nothing kept": "nichts",
	"the session": "solange Sie hier sind", "until the browser closes": "bis der Browser schließt",
	"essential": "notwendig", "preference": "Einstellung", "personalization": "für Sie gemacht",
	"analytics": "Statistik", "marketing": "Werbung",

	// Cart and sign-in.
	"Your cart": "Ihr Korb", "Item": "Ware", "Sum": "Summe", "Remove": "Entfernen", "Remove one": "Entfernen:",
	"Total": "Zusammen", "It already hangs on your peg.": "Er hängt schon an Ihrem Haken.",
	"Sign in, and it comes along.": "Melden Sie sich an, und er kommt mit.",
	"Nothing in it yet.":           "Noch ist nichts darin.", "Have a look at the shelf.": "Sehen Sie ins Regal.",
	"Name": "Name", "Password": "Passwort", "Keep me signed in": "Angemeldet bleiben",
	"This is a demo, so here are the people who have a key:": "Dies ist eine Vorführung, also stehen hier die Leute " +
		"mit einem Schlüssel:",
	"Your devices": "Ihre Geräte",

	// Messages.
	"That name and password do not match.": "Name und Passwort passen nicht zusammen.",
	"What was that?":                       "Wie bitte?", "Pages are light or dark.": "Seiten sind hell oder dunkel.",
	"Pages are in English or German.":             "Seiten gibt es auf Englisch und auf Deutsch.",
	"The name of an item has 1 to 40 characters.": "Der Name einer Ware hat 1 bis 40 Zeichen.",
	"The hook is full":                            "Der Haken ist voll",
	"Your cart is full. Remove something first.":  "Ihr Korb ist voll. Nehmen Sie zuerst etwas heraus.",
	"One moment, please":                          "Einen Augenblick, bitte",
	"We cannot reach what is behind the counter right now. Nothing is lost. Please try again.": "Wir kommen gerade " +
		"nicht hinter die Theke. Nichts ist verloren. Bitte versuchen Sie es noch einmal.",
	"Nothing hangs here": "Hier hängt nichts", "There is no such page.": "Diese Seite gibt es nicht.",
}
