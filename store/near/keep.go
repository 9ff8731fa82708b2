package near

import "coatcheck.dev/store"

// The methods in this file change the cache. Their callers hold the lock of the ID's inFlight.

// keep puts an entry in, unless there is a newer one.
func (c *cache) keep(id store.ID, e *entry) {
	old, ok := c.kept(id)
	if ok && old.generation == e.generation && old.version > e.version && old.at.within(c.lease, e.at) {
		return
	}
	c.negative.Invalidate(id)
	c.entries.Set(id, e)
}

func (c *cache) keepNegative(id store.ID, p proof) {
	c.entries.Invalidate(id)
	c.negative.Set(id, negativeEntry{p})
}

// forget drops all knowledge of a record.
func (c *cache) forget(id store.ID) {
	c.entries.Invalidate(id)
	c.negative.Invalidate(id)
}

// expect has a record loaded anew, and nothing older than a version believed.
func (c *cache) expect(id store.ID, version uint64) {
	c.negative.Invalidate(id)
	if e, ok := c.kept(id); ok {
		c.entries.Set(id, e.entomb(max(version, e.version), c.now()))
	}
}

// outdate is expect, unless the entry is of this version or a later one.
func (c *cache) outdate(id store.ID, version uint64) {
	if e, ok := c.kept(id); ok && e.version < version {
		c.expect(id, version)
	}
}

// ended notes the end of a record. It is gone for ever.
func (c *cache) ended(id store.ID) {
	c.entries.Invalidate(id)
	if h := c.health.Load(); h.up {
		c.keepNegative(id, proof{c.now(), h.generation})
	}
}
