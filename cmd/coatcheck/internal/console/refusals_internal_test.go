package console

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
)

// However many sign-ins are refused, a minute adds a few entries to the history, and these count all of them.
func TestRefusedSignInsDoNotFillTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var noted []history.Entry
		f := &refusals{note: func(e history.Entry) { noted = append(noted, e) }}
		f.add(history.Entry{Address: "192.0.2.1", Reason: "That is not the token.", Actor: "ada"})
		if len(noted) != 1 || noted[0].Actor != "ada" || noted[0].Kind != history.OperatorRefused {
			t.Fatalf("the first one is noted as %+v", noted)
		}
		for i := range 1000 {
			f.add(history.Entry{Address: "192.0.2.1"})
			f.add(history.Entry{Address: fmt.Sprintf("198.51.100.%d", i)})
		}
		time.Sleep(refusedFor)
		synctest.Wait()
		total := map[string]string{}
		for _, e := range noted[refusedFrom:] {
			total[e.Address] = e.Detail
		}
		if len(noted) != refusedFrom+2 || total["192.0.2.1"] != "1000" || total[""] != "981" {
			t.Errorf("%d entries, %v", len(noted), total)
		}
		f.add(history.Entry{Address: "192.0.2.1"})
		f.flush()
		time.Sleep(2 * refusedFor)
		if len(noted) != refusedFrom+3 {
			t.Errorf("a new minute has %d entries more", len(noted)-refusedFrom-2)
		}
	})
}
