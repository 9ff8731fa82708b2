package doctor

import (
	"context"
	"fmt"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/store"
)

// indexed says what the console finds sessions by. It returns false if no node with this data folder has begun yet.
func indexed(ctx context.Context, path, address string) (f store.Finding, there bool) {
	kept, there, err := index.Look(ctx, path)
	f = store.Finding{Severity: store.Limit, Name: "console-index"}
	switch {
	case err != nil:
		f.Severity, f.What = store.Unknown, "the console's index of sessions cannot be read: "+err.Error()
		f.Means = "coatcheck serve makes a damaged one anew by itself; sessions are not concerned"
	case kept.Store != address:
		f.What, f.Means = "the console's index is that of another store", "coatcheck serve makes it anew at its start"
	case !kept.Whole:
		f.What = "the console's index of sessions is not whole"
		f.Means = "while it is made, the console finds sessions by a user's exact name alone"
	default:
		f.Severity, f.What = store.Good, fmt.Sprintf("the console's index has %d sessions", kept.Rows)
		f.Means = "they have not been compared with the store since it was made"
		if !kept.Checked.IsZero() {
			f.What += fmt.Sprintf(", of which the last check mended %d", kept.Mended)
			f.Means = "all were compared with the store on " + kept.Checked.Format(time.RFC3339)
		}
	}
	return f, there
}
