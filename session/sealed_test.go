package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

var memo = session.NewKey[string]("memo", session.Carry)

// sealedSite is a manager that seals, and what its visitors do.
type sealedSite struct {
	*testing.T
	sessions *session.Manager
}

func newSealedSite(t *testing.T, st store.Store, keys *seal.Ring) sealedSite {
	return sealedSite{t, session.New(st, session.Options{SealData: keys, SweepInterval: -1})}
}

// visit makes a request with a ticket, and returns the ticket that the browser has then.
func (s sealedSite) visit(ticket string, do func(*session.Session)) string {
	s.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if ticket != "" {
		r.Header.Set("Cookie", "__Host-session="+ticket)
	}
	w := httptest.NewRecorder()
	s.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		do(session.From(r.Context()))
	})).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		ticket = c.Value
	}
	return ticket
}

func (s sealedSite) write(ticket, text string) string {
	s.Helper()
	return s.visit(ticket, func(v *session.Session) { mustDo(s.T, memo.Set(v, text)) })
}

func (s sealedSite) read(ticket string) (text string) {
	s.Helper()
	s.visit(ticket, func(v *session.Session) { text = memo.Get(v) })
	return text
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored returns the data of all records as a thief of the store finds it.
func stored(t *testing.T, st store.Store) (all []store.Data) {
	t.Helper()
	records, err := st.List(t.Context(), store.Query{Limit: 1000})
	mustDo(t, err)
	for i := range records {
		all = append(all, records[i].Data)
	}
	return all
}

// onKey counts the records whose data hangs on a key.
func onKey(t *testing.T, st store.Store, id seal.KeyID) (n int) {
	t.Helper()
	for _, data := range stored(t, st) {
		text, _ := data.Sealed()
		if by, ok := seal.SealedBy([]byte(text)); ok && by == id {
			n++
		}
	}
	return n
}

// Rows: A36
func TestSealedDataCannotBeReadInTheStore(t *testing.T) {
	st, keys := memory.New(), seal.New()
	s := newSealedSite(t, st, keys)
	ticket := s.write("", "call the dentist")
	for _, data := range stored(t, st) {
		if text, sealed := data.Sealed(); !sealed || strings.Contains(fmt.Sprint(data), "dentist") || text == "" {
			t.Errorf("the store has %q", fmt.Sprint(data))
		}
	}
	if got := s.read(ticket); got != "call the dentist" {
		t.Errorf("read %q", got)
	}
	s.visit(ticket, func(v *session.Session) {
		mustDo(t, v.SignIn("u42"))
		if got := memo.Get(v); got != "call the dentist" {
			t.Errorf("after sign-in: %q", got)
		}
	})
	if list, err := s.sessions.List(t.Context(), "u42"); err != nil || len(list) != 1 {
		t.Errorf("the list has %v, %v", list, err)
	}
}

// What one record has is not to be had by putting it into another.
func TestSealedDataStaysWithItsRecord(t *testing.T) {
	st, keys := memory.New(), seal.New()
	s := newSealedSite(t, st, keys)
	hers, his := s.write("", "hers"), s.write("", "his")
	records, err := st.List(t.Context(), store.Query{})
	mustDo(t, err)
	records[0].Data, records[1].Data = records[1].Data, records[0].Data
	for _, r := range records {
		mustDo(t, st.Save(t.Context(), r))
	}
	if a, b := s.read(hers), s.read(his); a != "" || b != "" {
		t.Errorf("read %q and %q from records that were swapped", a, b)
	}
}

// Data from before the option stays good, a rotation loses nothing, and a retired key is refused.
//
// Rows: I12, A29
func TestSealedDataOutlivesRotation(t *testing.T) {
	st := memory.New()
	path := filepath.Join(t.TempDir(), "keys")
	keys, err := seal.Open(path)
	mustDo(t, err)
	plain := newSealedSite(t, st, nil)
	before := plain.write("", "before")
	s := newSealedSite(t, st, keys)
	first := s.write("", "first")
	elsewhere, err := seal.Open(path) // another node, that does not follow the file
	mustDo(t, err)
	other := newSealedSite(t, st, elsewhere)

	old := keys.Keys()[0].ID
	mustDo(t, keys.Rotate())
	second := s.write("", "second")
	for ticket, want := range map[string]string{before: "before", first: "first", second: "second"} {
		if got := s.read(ticket); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
		if got := other.read(ticket); got != want {
			t.Errorf("another node read %q, want %q", got, want)
		}
	}
	if got := plain.read(first); got != "" {
		t.Errorf("without keys: %q", got)
	}
	if done, left, err := s.sessions.Reseal(t.Context()); done != 2 || left != 0 || err != nil {
		t.Errorf("Reseal = %d, %d, %v, want the two that hang on no key or an old one", done, left, err)
	}
	if n := onKey(t, st, keys.Keys()[0].ID); n != 3 || onKey(t, st, old) != 0 {
		t.Errorf("%d records hang on the new key, want 3", n)
	}
	if _, err := keys.Retire(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for ticket, want := range map[string]string{before: "before", first: "first", second: "second"} {
		if got := s.read(ticket); got != want {
			t.Errorf("after the retirement: read %q, want %q", got, want)
		}
	}
}

// Rows: A29
func TestDataOfARetiredKeyIsRefused(t *testing.T) {
	st, keys := memory.New(), seal.New()
	s := newSealedSite(t, st, keys)
	ticket := s.write("", "old")
	mustDo(t, keys.Rotate())
	if n, err := keys.Retire(time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := s.read(ticket); got != "" {
		t.Errorf("read %q", got)
	}
	if done, left, err := s.sessions.Reseal(t.Context()); done != 0 || left != 1 || err != nil {
		t.Errorf("Reseal = %d, %d, %v, want to leave the one", done, left, err)
	}
	if len(stored(t, st)) != 1 {
		t.Error("the record was removed: the key may come back")
	}
}

// What requests write while data is sealed anew stays.
func TestResealLosesNoUpdate(t *testing.T) {
	st, keys := memory.New(), seal.New()
	s := newSealedSite(t, st, keys)
	const visitors, rounds = 8, 30
	var tickets [visitors]string
	for i := range tickets {
		tickets[i] = s.write("", "0")
	}
	var wg sync.WaitGroup
	for i := range tickets {
		wg.Go(func() {
			for n := range rounds {
				s.write(tickets[i], fmt.Sprint(n+1))
			}
		})
	}
	for range 10 {
		mustDo(t, keys.Rotate())
		if _, left, err := s.sessions.Reseal(t.Context()); left != 0 || err != nil {
			t.Errorf("Reseal leaves %d, %v", left, err)
		}
	}
	wg.Wait()
	for i := range tickets {
		if got := s.read(tickets[i]); got != fmt.Sprint(rounds) {
			t.Errorf("visitor %d reads %q, want %d", i, got, rounds)
		}
	}
	if done, _, err := s.sessions.Reseal(t.Context()); err != nil || onKey(t, st, keys.Keys()[0].ID) != visitors {
		t.Errorf("sealed %d, %v; not all hang on the newest key", done, err)
	}
}

// cutStore fails from some save on, as if the program had been killed there.
type cutStore struct {
	*memory.Store
	left int
}

var errCut = errors.New("cut off")

func (c *cutStore) Save(ctx context.Context, r store.Record) error {
	if c.left--; c.left < 0 {
		return errCut
	}
	return c.Store.Save(ctx, r)
}

func TestResealGoesOnWhereItWasBrokenOff(t *testing.T) {
	st, keys := memory.New(), seal.New()
	s := newSealedSite(t, st, keys)
	var tickets []string
	for i := range 9 {
		tickets = append(tickets, s.write("", fmt.Sprint(i)))
	}
	mustDo(t, keys.Rotate())
	cut := newSealedSite(t, &cutStore{st, 4}, keys)
	if done, _, err := cut.sessions.Reseal(t.Context()); done != 4 || !errors.Is(err, errCut) {
		t.Errorf("Reseal = %d, %v", done, err)
	}
	if done, left, err := s.sessions.Reseal(t.Context()); done != 5 || left != 0 || err != nil {
		t.Errorf("the second one = %d, %d, %v, want the other 5", done, left, err)
	}
	for i, ticket := range tickets {
		if got := s.read(ticket); got != fmt.Sprint(i) {
			t.Errorf("%d reads %q", i, got)
		}
	}
}

// A request that needs no data decrypts nothing: it does not even notice that the key is gone.
func TestReadWithoutDataDecryptsNothing(t *testing.T) {
	st, keys := memory.New(), seal.New()
	s := newSealedSite(t, st, keys)
	ticket := s.visit("", func(v *session.Session) {
		mustDo(t, v.SignIn("u42"))
		mustDo(t, memo.Set(v, "x"))
	})
	mustDo(t, keys.Rotate())
	if _, err := keys.Retire(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.visit(ticket, func(v *session.Session) {
		if v.User() != "u42" || v.Handle().IsZero() {
			t.Errorf("user %q", v.User())
		}
	})
}
