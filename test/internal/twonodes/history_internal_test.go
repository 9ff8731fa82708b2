package twonodes

import (
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"coatcheck.dev/store"
)

// An op is one operation on the one session of a history, in milliseconds.
func op(call, back int64, in input, out output) porcupine.Operation {
	ms := int64(time.Millisecond)
	return porcupine.Operation{Input: in, Output: out, Call: call * ms, Return: back * ms}
}

func TestReadsAreJudged(t *testing.T) {
	save1 := op(1000, 1010, input{kind: save, version: 1, value: "a"}, output{})
	end2 := op(2000, 2010, input{kind: end}, output{version: ended})
	read := func(call, back int64, version uint64, value string) porcupine.Operation {
		return op(call, back, input{kind: load}, output{version: version, value: value})
	}
	gone := func(call, back int64) porcupine.Operation {
		return op(call, back, input{kind: load}, output{refusal: store.ErrNotFound})
	}
	for _, c := range []struct {
		name string
		ops  []porcupine.Operation
		want string
	}{
		{"as it happens",
			[]porcupine.Operation{save1, read(500, 501, 1, ""), read(1500, 1501, 2, "a"), end2, gone(3000, 3001)}, ""},
		{"old within the lease", []porcupine.Operation{save1, read(1100, 1101, 1, "")}, ""},
		{"too old", []porcupine.Operation{save1, read(1200, 1201, 1, "")}, "version 2 cannot"},
		{"let in too long", []porcupine.Operation{save1, end2, read(2200, 2201, 2, "a")}, "cannot have come"},
		{"from the future", []porcupine.Operation{save1, read(900, 901, 2, "a")}, "version 2 cannot"},
		{"gone before its end", []porcupine.Operation{save1, end2, gone(1500, 1501)}, "cannot have come"},
		{"gone without an end", []porcupine.Operation{gone(1500, 1501)}, "cannot have come"},
		{"a value of nobody", []porcupine.Operation{save1, read(1500, 1501, 2, "b")}, "nobody wrote"},
		{"a version of nobody", []porcupine.Operation{save1, read(1500, 1501, 3, "b")}, "nobody wrote"},
		{"two reads that no moment suits", []porcupine.Operation{
			op(0, 5000, input{kind: save, version: 1, value: "a"}, output{}), read(100, 101, 2, "a"),
			read(1000, 1001, 1, "")}, "version 2 cannot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{t: t, ops: c.ops, lease: 100 * time.Millisecond}
			got := w.misread(0)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
