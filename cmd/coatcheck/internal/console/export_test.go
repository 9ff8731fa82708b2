package console

import (
	"maps"
	"slices"
)

// Routes are the patterns of the pages.
func (c *Console) Routes() []string { return slices.Sorted(maps.Keys(c.routes())) }
