package near_test

import (
	"testing"
	"testing/synctest"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// vanish removes a record by hand: nobody is told.
func (n *node) vanish(id store.ID) {
	n.Helper()
	n.inner.set(func(d *double) { d.cut = true })
	if _, err := n.inner.far.Delete(n.Context(), id); err != nil {
		n.Fatal(err)
	}
	n.inner.set(func(d *double) { d.cut = false })
}

// Whoever signs a user out everywhere, here or on another node, signs them out of records too that somebody has removed
// by hand. What was kept is loaded anew, and what is near of others stays.
//
// Rows: I1, R3
func TestDeletedUser(t *testing.T) {
	for _, elsewhere := range []bool{true, false} {
		inBubble(t, map[bool]string{true: "elsewhere", false: "here"}[elsewhere], func(t *testing.T) {
			n := newNode(t, near.Options{})
			vanished, kept, other := n.elsewhere(), n.elsewhere(), session("alan")
			if err := n.inner.far.Create(t.Context(), other, store.ID{}); err != nil {
				t.Fatal(err)
			}
			for _, id := range []store.ID{vanished.ID, kept.ID, other.ID} {
				n.reads(id, 1, 1)
			}
			n.vanish(vanished.ID)
			n.reads(vanished.ID, 1, 0)
			told := make(chan bool, 9) // whether what is near was served to those who were told
			defer n.Store.(store.Feed).Subscribe(func(notice store.Notice) {
				if notice.Kind == store.UserDeleted {
					_, served := n.Peek(vanished.ID, notice.At)
					told <- served || notice.User != "ada"
				}
			})()
			end := n.Store.DeleteUser
			if elsewhere {
				end = n.inner.far.DeleteUser
			}
			if ended, err := end(t.Context(), "ada", kept.ID); err != nil || len(ended) > 0 {
				t.Fatalf("ended %v, %v", ended, err)
			}
			if elsewhere {
				synctest.Wait()
			}
			n.reads(vanished.ID, 0, 4) // asked again, because the store knew of it a moment ago
			n.reads(kept.ID, 1, 1)
			n.reads(other.ID, 1, 0)
			if bad := <-told; bad {
				t.Error("who is told of it is given what is near")
			}
		})
	}
}

// An answer that was on its way when its user was signed out is not kept.
func TestDeletedUserWhileLoading(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) {
			d.after = func(_ store.ID, r store.Record, err error) (store.Record, error) {
				n.inner.set(func(d *double) { d.after = nil })
				n.vanish(r.ID)
				_, deleteErr := n.inner.far.DeleteUser(t.Context(), "ada")
				synctest.Wait()
				if deleteErr != nil {
					t.Error(deleteErr)
				}
				return r, err
			}
		})
		n.reads(r.ID, 1, 1) // it began before
		n.reads(r.ID, 0, 1)
	})
}

// Many users who are signed out at once share a few looks at what is near.
func BenchmarkDeletedUser(b *testing.B) {
	d := newDouble()
	st := near.New(d, near.Options{MaxBytes: 1 << 30})
	defer st.Close()
	d.beat()
	for range 100_000 {
		if err := st.Create(b.Context(), session("ada"), store.ID{}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := st.DeleteUser(b.Context(), "alan"); err != nil {
			b.Fatal(err)
		}
	}
}
