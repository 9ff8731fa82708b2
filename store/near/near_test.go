package near_test

import (
	"testing"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/store/storetest"
)

func TestContract(t *testing.T) {
	for _, inner := range []struct {
		name string
		open func() store.Store
	}{
		{"over a feed", func() store.Store { return memory.New() }},
		{"over a store without a feed", func() store.Store { return struct{ store.Store }{memory.New()} }},
	} {
		t.Run(inner.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				st := near.New(inner.open(), near.Options{})
				t.Cleanup(st.Close)
				return st
			})
		})
	}
}
