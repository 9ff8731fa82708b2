package gate

import "sync"

// Buffers are what bodies are copied with. Without a pool, every answer would take a new one, and that would be most of
// what the program allocates.
type buffers struct{ pool sync.Pool }

// bufferBytes is how much is copied at a time: twice what the standard library takes, for half as many system calls.
const bufferBytes = 64 << 10

// Get and Put are those of httputil.BufferPool. A pointer to an array fits an interface without an allocation.
func (b *buffers) Get() []byte {
	if array, ok := b.pool.Get().(*[bufferBytes]byte); ok {
		return array[:]
	}
	return make([]byte, bufferBytes)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put((*[bufferBytes]byte)(buffer)) }
