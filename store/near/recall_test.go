package near_test

import (
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// What is known last outlives its lease, for those who ask for it, but not its end, a change, or the feed's being found
// again.
func TestRecall(t *testing.T) {
	recalls := func(t *testing.T, n *node, id store.ID, age time.Duration, want bool) {
		t.Helper()
		encoded, ok := n.Recall(id, time.Now().Add(-age))
		if ok != want || ok && encoded.ID != id {
			t.Errorf("recalled %v %v, want %v", encoded.ID, ok, want)
		}
	}
	inBubble(t, "by age", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		recalls(t, n, r.ID, time.Hour, false)
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) { d.cut = true })
		time.Sleep(time.Minute)
		recalls(t, n, r.ID, 2*time.Minute, true)
		recalls(t, n, r.ID, 30*time.Second, false)
		if _, known := n.Peek(r.ID, time.Now()); known {
			t.Error("it is served after its lease")
		}
	})
	inBubble(t, "ended here", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		if _, err := n.Delete(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		recalls(t, n, r.ID, time.Hour, false)
	})
	inBubble(t, "ended elsewhere", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.endElsewhere(r.ID)
		recalls(t, n, r.ID, time.Hour, false)
	})
}

// A copy that somebody has seen contradicted is loaded anew, unless it is a later one already.
func TestInvalidate(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.Invalidate(r.ID, 0)
		n.reads(r.ID, 1, 0)
		n.Invalidate(r.ID, 1)
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
	})
}
