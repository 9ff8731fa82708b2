package index

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// However slow or fast a machine is, a transaction takes a moment.
func TestStride(t *testing.T) {
	for _, perRow := range []time.Duration{time.Microsecond, 20 * time.Microsecond, 100 * time.Microsecond} {
		var s stride
		for range 20 {
			s.note(s.rows(), time.Duration(s.rows())*perRow)
		}
		if took := time.Duration(s.rows()) * perRow; took > writeTime || took < writeTime/4 && s.rows() != longest {
			t.Errorf("at %v a row, %d rows take %v", perRow, s.rows(), took)
		}
		s.note(1, time.Second)
		for range 20 {
			s.note(s.rows(), time.Second)
		}
		if s.rows() != shortest {
			t.Errorf("%d rows after slow ones", s.rows())
		}
		if s.note(1, 0); s.rows() != shortest {
			t.Errorf("%d rows after a single quick one", s.rows())
		}
	}
}

// While many rows are written, others get the processor again and again, and not when it is taken away by force.
func TestWritingLeavesTheProcessorToOthers(t *testing.T) {
	x := planned(t)
	x.Close() // nobody else writes
	f, err := openTables(t.Context(), x.opts.Path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	w, err := newWriter(t.Context(), x.Index, f)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	const rows = 1000
	looked := make([]look, rows)
	for i := range looked {
		id := store.NewID()
		looked[i] = look{id: id, there: true, info: session.Info{Handle: id, User: "ada", CreatedAt: time.Now()}}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var turns, stopped atomic.Int64
	go func() {
		for stopped.Load() == 0 {
			turns.Add(1)
			runtime.Gosched()
		}
	}()
	defer stopped.Store(1)
	if err := w.write(t.Context(), looked); err != nil {
		t.Fatal(err)
	}
	if n := turns.Load(); n < rows/2 {
		t.Errorf("others had %d turns while %d rows were written", n, rows)
	}
}
