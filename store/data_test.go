package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"coatcheck.dev/store"
)

func remove(key string) store.Change { return store.Change{Key: key, Delete: true} }

// contents returns the data as a map, and checks that its keys come sorted.
func contents(t *testing.T, d store.Data) map[string]store.Value {
	t.Helper()
	m, last := make(map[string]store.Value), ""
	for k, v := range d.All() {
		if len(m) > 0 && k <= last {
			t.Errorf("key %q comes after %q", k, last)
		}
		m[k], last = v, k
	}
	return m
}

func TestDataWith(t *testing.T) {
	base := store.Data{}.With(set("b", "1"), set("d", "2"))
	for _, c := range []struct {
		name    string
		changes []store.Change
		want    map[string]string
	}{
		{"nothing", nil, map[string]string{"b": "1", "d": "2"}},
		{"in front", []store.Change{set("a", "0")}, map[string]string{"a": "0", "b": "1", "d": "2"}},
		{"between", []store.Change{set("c", "0")}, map[string]string{"b": "1", "c": "0", "d": "2"}},
		{"at the end", []store.Change{set("e", "0")}, map[string]string{"b": "1", "d": "2", "e": "0"}},
		{"over", []store.Change{set("b", "9")}, map[string]string{"b": "9", "d": "2"}},
		{"away", []store.Change{remove("b")}, map[string]string{"d": "2"}},
		{"away what is not there", []store.Change{remove("x")}, map[string]string{"b": "1", "d": "2"}},
		{"all away", []store.Change{remove("d"), remove("b")}, map[string]string{}},
		{"the last change of a key counts", []store.Change{
			set("b", "8"), remove("b"), set("b", "9"), set("x", "1"), remove("x"),
		}, map[string]string{"b": "9", "d": "2"}},
		{"empty key and value", []store.Change{set("", "")}, map[string]string{"": "", "b": "1", "d": "2"}},
		{"any bytes", []store.Change{set("\x00\xff", "\x00\n")}, map[string]string{
			"\x00\xff": "\x00\n", "b": "1", "d": "2",
		}},
		{"long", []store.Change{set(strings.Repeat("k", 300), strings.Repeat("v", 70_000))}, map[string]string{
			strings.Repeat("k", 300): strings.Repeat("v", 70_000), "b": "1", "d": "2",
		}},
	} {
		got := map[string]string{}
		for k, v := range contents(t, base.With(c.changes...)) {
			got[k] = v.JSON
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: got %.200v, want %.200v", c.name, got, c.want)
		}
	}
	if got := contents(t, base); len(got) != 2 || got["b"].JSON != "1" {
		t.Errorf("With changed the data that it started from: %v", got)
	}
}

func TestDataGet(t *testing.T) {
	carried := store.Change{Key: "b", Value: store.Value{JSON: "3", Carry: true}}
	d := store.Data{}.With(set("a", "1"), set("aa", "2"), carried)
	for key, want := range map[string]store.Value{"a": {JSON: "1"}, "aa": {JSON: "2"}, "b": {JSON: "3", Carry: true}} {
		if got, ok := d.Get(key); !ok || got != want {
			t.Errorf("Get(%q) = %v, %v; want %v", key, got, ok, want)
		}
	}
	for _, key := range []string{"", "A", "aaa", "c"} {
		if got, ok := d.Get(key); ok {
			t.Errorf("Get(%q) = %v, want none", key, got)
		}
	}
	if _, ok := (store.Data{}).Get("a"); ok {
		t.Error("empty data has a key")
	}
}

// Equal contents are equal bytes, however they came about, so that data can be compared.
func TestDataIsCanonical(t *testing.T) {
	keys := []string{"a", "b", "c", "d", "e", "f"}
	want := store.Data{}
	for _, k := range keys {
		want = want.With(set(k, k))
	}
	for range 50 {
		var d store.Data
		for _, i := range rand.Perm(len(keys)) {
			d = d.With(set("x", "1"), set(keys[i], "old"), set(keys[i], keys[i]), remove("x"))
		}
		if d != want {
			t.Fatalf("got %v, want %v", d, want)
		}
	}
}

func TestDataCarried(t *testing.T) {
	d := store.Data{}.With(
		store.Change{Key: "cart", Value: store.Value{JSON: "1", Carry: true}},
		set("csrf", "2"),
		store.Change{Key: "theme", Value: store.Value{JSON: "3", Carry: true}},
	)
	got := contents(t, d.Carried())
	want := map[string]store.Value{"cart": {JSON: "1", Carry: true}, "theme": {JSON: "3", Carry: true}}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if d := (store.Data{}).With(set("a", "1")).Carried(); d.Len() != 0 {
		t.Errorf("nothing is carried, got %d bytes", d.Len())
	}
}

func TestDataLen(t *testing.T) {
	if n := (store.Data{}).Len(); n != 0 {
		t.Errorf("empty data has %d bytes", n)
	}
	if n := (store.Data{}).With(set("ab", "123")).Len(); n != 1+2+1+1+3 {
		t.Errorf("got %d bytes, want 8: two lengths, key, flags, value", n)
	}
}

func TestDataAllStops(t *testing.T) {
	d := store.Data{}.With(set("a", "1"), set("b", "2"), set("c", "3"))
	n := 0
	for range d.All() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("saw %d entries, want 2", n)
	}
}

// FuzzDataWith compares data with a map under the same changes.
func FuzzDataWith(f *testing.F) {
	f.Add("a", "1", "b", "2", "a", true)
	f.Add("", "", "\x00", "\xff", "x", false)
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2, k3 string, del bool) {
		want := map[string]store.Value{k1: {JSON: v1}}
		want[k2] = store.Value{JSON: v2, Carry: true}
		if del {
			delete(want, k3)
		} else {
			want[k3] = store.Value{}
		}
		carried := store.Change{Key: k2, Value: store.Value{JSON: v2, Carry: true}}
		d := store.Data{}.With(set(k1, v1), carried).With(store.Change{Key: k3, Delete: del})
		if got := contents(t, d); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		r := store.Record{Data: d}
		if got := decode(t, r.AppendBody(nil)).Data; got != d {
			t.Errorf("in a body: got %v, want %v", got, d)
		}
	})
}

func BenchmarkDataGet(b *testing.B) {
	var d store.Data
	for i := range 10 {
		d = d.With(set(fmt.Sprintf("key-%d", i), `"value"`))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := d.Get("key-7"); !ok {
			b.Fatal("not found")
		}
	}
}
