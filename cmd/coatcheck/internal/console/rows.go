package console

import (
	"net/http"

	"coatcheck.dev/session"
)

// denseRows is whether an operator wants many rows on a screen, for as long as they are signed in.
var denseRows = session.NewKey[bool]("dense_rows")

// changeRows makes rows dense that are roomy, and the other way round.
func (c *Console) changeRows(w http.ResponseWriter, r *http.Request) {
	s := c.operators.From(r.Context())
	if err := denseRows.Set(s, !denseRows.Get(s)); err != nil {
		c.log.Error("keep how rows are shown", "error", err)
	}
	http.Redirect(w, r, session.ReturnTo(r, "/"), http.StatusSeeOther)
}
