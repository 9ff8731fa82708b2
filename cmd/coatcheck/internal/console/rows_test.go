package console_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// An operator has many rows on a screen, or roomy ones, and comes back to where they were.
func TestRowsAreDenseOrRoomy(t *testing.T) {
	d := newDesk(t)
	d.start("ada", "", time.Minute)
	b := d.operator()
	b.get("/").want(t, 200, "<body>", "Dense rows")
	b.post("/rows", url.Values{"return_to": {"/?user=ada"}}).wantRedirect(t, "/?user=ada")
	b.get("/").want(t, 200, `<body class="dense">`, "Roomy rows")
	b.get("/history").want(t, 200, `<body class="dense">`)
	if other := d.operator().get("/").body; strings.Contains(other, `class="dense"`) {
		t.Error("another operator has dense rows, too")
	}
	b.post("/rows", url.Values{"return_to": {"https://evil.example/"}}).wantRedirect(t, "/")
	b.get("/").want(t, 200, "<body>")
}
