package memory

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"coatcheck.dev/store"
)

// sized returns a record of about n bytes.
func sized(id store.ID, version uint64, n int) encoded {
	r := store.Record{ID: id, Device: store.Device{Label: strings.Repeat("x", n)}}
	return encode(&r, version, 0, 0)
}

// Each step is compared with a map, with records from tiny to larger than a block. Nothing is lost or mixed up as they
// are joined and taken apart, and what was read stays as it was.
func TestArenaIsAMap(t *testing.T) {
	var sh shard
	want := make(map[store.ID]encoded)
	var ids []store.ID
	for step := range 50_000 {
		size := rand.IntN(200)
		if rand.IntN(500) == 0 {
			size = rand.IntN(3 * blockSize)
		}
		switch at := rand.IntN(len(ids) + 1); {
		case at == len(ids) || len(ids) < 300:
			id := store.NewID()
			ids, want[id] = append(ids, id), sized(id, uint64(step), size)
			sh.add(want[id])
		case rand.IntN(2) == 0:
			want[ids[at]] = sized(ids[at], uint64(step), size)
			i, _ := sh.find(ids[at])
			sh.replace(i, want[ids[at]])
		default:
			i, _ := sh.find(ids[at])
			sh.remove(i)
			delete(want, ids[at])
			ids[at] = ids[len(ids)-1]
			ids = ids[:len(ids)-1]
		}
		if step%500 == 0 {
			checkShard(t, &sh, want)
		}
	}
	checkShard(t, &sh, want)
}

func checkShard(t *testing.T, sh *shard, want map[store.ID]encoded) {
	t.Helper()
	for id, record := range want {
		if _, got := sh.find(id); got != record {
			t.Fatalf("a record of %d bytes is not as it was", len(record))
		}
	}
	n, live := 0, 0
	for record := range sh.all {
		if n++; want[record.id()] != record {
			t.Fatal("a record is there that was removed")
		}
		live += len(record)
	}
	if n != len(want) {
		t.Fatalf("%d records, want %d", n, len(want))
	}
	kept := sh.arena.size
	for _, b := range sh.arena.blocks {
		kept += len(b)
	}
	if kept > live*3/2+2*blockSize {
		t.Fatalf("%d bytes are kept for %d", kept, live)
	}
}

// A million sessions must not be a million objects that the garbage collector has to visit.
func TestFewObjectsForManySessions(t *testing.T) {
	objects := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapObjects
	}
	before, s := objects(), New()
	const n = 400_000
	for range n {
		if err := s.Create(t.Context(), store.Record{ID: store.NewID()}, store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	// Some in each shard are pending.
	if made := objects() - before; made > n/2 {
		t.Errorf("%d objects for %d sessions", made, n)
	}
	runtime.KeepAlive(s)
}

// An arena without numbers for more blocks refuses, and has what it had.
func TestFullArena(t *testing.T) {
	s := New()
	id := store.ID{1}
	if err := s.Create(t.Context(), store.Record{ID: id}, store.ID{}); err != nil {
		t.Fatal(err)
	}
	s.shards.of(id).arena.blocks = make([]string, maxBlocks)
	if err := s.Create(t.Context(), store.Record{ID: store.ID{1, 1}}, store.ID{}); !errors.Is(err, errFull) {
		t.Errorf("create: %v", err)
	}
	if err := s.Save(t.Context(), store.Record{ID: id, Version: 1}); !errors.Is(err, errFull) {
		t.Errorf("save: %v", err)
	}
	if err := s.Touch(t.Context(), []store.Seen{{ID: id, At: micro(1)}}); err != nil {
		t.Errorf("touch: %v", err)
	}
	if n := len(s.shards.of(id).arena.blocks); n > maxBlocks {
		t.Errorf("%d blocks, more than a place can tell", n)
	}
	if r, err := s.Load(t.Context(), id); err != nil || r.Version != 1 {
		t.Errorf("load: version %d, %v", r.Version, err)
	}
	if found, err := s.Delete(t.Context(), id); !found || err != nil {
		t.Errorf("delete: %v, %v", found, err)
	}
}

func TestLenInBlock(t *testing.T) {
	for _, n := range []int{1, 127, 128, blockSize - 1, blockSize, 1 << 21} {
		if want := len(binary.AppendUvarint(nil, uint64(n))) + n; lenInBlock(encoded(make([]byte, n))) != want {
			t.Errorf("%d bytes: %d, want %d", n, lenInBlock(encoded(make([]byte, n))), want)
		}
	}
}
