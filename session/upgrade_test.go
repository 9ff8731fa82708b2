package session_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// What one key held in three versions of a program: names, then lines of an order, then lines with a price each.
type (
	lineV2 struct {
		Name  string `json:"name"`
		Count int    `json:"count"`
	}
	lineV3 struct {
		Title string `json:"title"`
		Count int    `json:"count"`
		Cents int    `json:"cents,omitempty"`
	}
)

func fromNames(names []string) ([]lineV3, error) {
	var lines []lineV3
	for _, name := range names {
		if name == "" {
			return nil, errors.New("a line without a name")
		}
		lines = append(lines, lineV3{Title: name, Count: 1})
	}
	return lines, nil
}

func fromV2(old []lineV2) (lines []lineV3, _ error) {
	for _, l := range old {
		lines = append(lines, lineV3{Title: l.Name, Count: l.Count})
	}
	return lines, nil
}

var (
	orderV1 = session.NewKey[[]string]("order", session.Carry)
	orderV3 = session.NewKey[[]lineV3]("order",
		session.Carry, session.Upgrade(fromV2), session.Upgrade(fromNames))
)

// A value of an older type is read as one of the new type, whatever decodes into what, and is not changed by that. A
// program that is rolled back finds what it stored until something is set.
//
// Rows: A27, I13
func TestUpgradeReadsValuesOfOlderTypes(t *testing.T) {
	for _, c := range []struct {
		name, stored string
		want         []lineV3
		there        bool
	}{
		{"first version", `["tea"]`, []lineV3{{Title: "tea", Count: 1}}, true},
		{"second version", `[{"name":"tea","count":2}]`, []lineV3{{Title: "tea", Count: 2}}, true},
		{"today's", `[{"title":"tea","count":3,"cents":5}]`, []lineV3{{"tea", 3, 5}}, true},
		{"both would do", `[{"count":3}]`, []lineV3{{Count: 3}}, true},
		{"empty", `[]`, []lineV3{}, true},
		{"a later version's", `[{"title":"tea","count":3,"colour":"green"}]`, []lineV3{{"tea", 3, 0}}, true},
		{"refused by the function", `[""]`, nil, false},
		{"no version's", `{"a":1}`, nil, false},
		{"text behind", `["tea"] []`, nil, false},
		{"truncated", `["tea"`, nil, false},
		{"deep", strings.Repeat("[", 20_000), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events recorder
			st := newFaultStore()
			m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			st.edit(t, handle, func(r *store.Record) {
				r.Data = r.Data.With(store.Change{Key: "order", Value: store.Value{JSON: c.stored, Carry: true}})
			})
			b.with(func(s *session.Session) {
				got, ok := orderV3.Lookup(s)
				if ok != c.there || !slices.Equal(got, c.want) {
					t.Errorf("%+v %v, want %+v %v", got, ok, c.want, c.there)
				}
				_ = note.Set(s, "saved with it")
			})
			r, _ := st.record(t, handle)
			if v, _ := r.Data.Get("order"); v.JSON != c.stored {
				t.Errorf("stored is %q, want %q as it was", v.JSON, c.stored)
			}
			reports := len(events.of(t, m, event.KeyUnreadable))
			if (reports == 0) != c.there {
				t.Errorf("%d reports", reports)
			}
		})
	}
}

// A program that is updated, rolled back and updated again reads at each step what it can, and loses what it cannot
// read only when it sets the key.
//
// Rows: I13
func TestRolledBackProgramFindsItsValue(t *testing.T) {
	st := newFaultStore()
	b := newBrowser(t, newManager(t, st, session.Options{}))
	set(b, orderV1, []string{"tea"})
	if got := get(b, orderV3); len(got) != 1 || got[0].Title != "tea" {
		t.Errorf("updated: %+v", got)
	}
	if got := get(b, orderV1); len(got) != 1 || got[0] != "tea" {
		t.Errorf("rolled back: %+v", got)
	}
	if err := orderV3Update(b); err != nil {
		t.Fatal(err)
	}
	if got := get(b, orderV1); got != nil {
		t.Errorf("rolled back after a change: %+v, want none", got)
	}
	b.signIn("ada") // by the old version, which carries over what it cannot read
	if got := get(b, orderV3); len(got) != 1 || got[0].Count != 2 {
		t.Errorf("updated again: %+v", got)
	}
}

func orderV3Update(b *browser) (err error) {
	b.with(func(s *session.Session) {
		err = orderV3.Update(s, func(lines []lineV3) []lineV3 {
			for i := range lines {
				lines[i].Count++
			}
			return lines
		})
	})
	return err
}

// Changes of two requests add up although the value that both began with is of the old type.
//
// Rows: I3
func TestUpgradedValuesMerge(t *testing.T) {
	text := session.NewKey[string]("visits")
	number := session.NewKey[int]("visits", session.Counter, session.Upgrade(func(old string) (int, error) {
		return strconv.Atoi(old)
	}))
	b := newBrowser(t, newManager(t, newFaultStore(), session.Options{}))
	set(b, text, "10")
	one := func(s *session.Session) {
		if err := number.Set(s, number.Get(s)+1); err != nil {
			t.Error(err)
		}
	}
	slow := b.copied().begin(one, nothing)
	b.with(one)
	slow.end()
	if got := get(b, number); got != 12 {
		t.Errorf("%d, want 12", got)
	}
}

// What no type tells, the function tells from the JSON.
func TestUpgradeFromRawJSON(t *testing.T) {
	b := newBrowser(t, newManager(t, newFaultStore(), session.Options{}))
	set(b, session.NewKey[any]("size"), any(map[string]any{"w": 2, "h": 3}))
	area := session.NewKey[int]("size", session.Upgrade(func(old json.RawMessage) (int, error) {
		var size struct{ W, H int }
		err := json.Unmarshal(old, &size)
		return size.W * size.H, err
	}))
	if got := get(b, area); got != 6 {
		t.Errorf("%d, want 6", got)
	}
}

// An Upgrade to another type than the key's is a mistake of the program, found when it starts.
func TestUpgradeToAnotherTypePanics(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "key order") || !strings.Contains(text, "int") {
			t.Errorf("panic %q, want the key's name and type", text)
		}
	}()
	session.NewKey[int]("order", session.Upgrade(fromNames))
}

// No text makes an upgraded key panic, or gives a value together with a report.
func FuzzUpgrade(f *testing.F) {
	for _, text := range []string{
		`["tea"]`, `[{"name":"tea","count":2}]`, `[{"title":"x"}] 1`, `{`, "\xff", `null`, ``,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b := newBrowser(t, newManager(t, newFaultStore(), session.Options{}))
		raw := session.NewKey[json.RawMessage]("order")
		b.with(func(s *session.Session) {
			if raw.Set(s, json.RawMessage(text)) != nil {
				return
			}
			if lines, ok := orderV3.Lookup(s); !ok && lines != nil {
				t.Errorf("%q: %v, and none", text, lines)
			}
		})
	})
}
