package cloakroom

import (
	"coatcheck.dev/store/near"
)

// A Cache is a store in front of another one.
type Cache interface {
	Store
	Stats() near.Stats
	Close()
}

// Near puts a cache in front of a store.
func Near(inner Store, o near.Options) Cache {
	return near.New(inner, o).(Cache) // it is a feed if the inner store is
}
