package backend_test

import (
	"fmt"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
)

// An address can be logged as it is.
func ExampleParse() {
	a, err := backend.Parse("postgres://coatcheck:secret@db.internal/shop?pool=8", "--store")
	fmt.Println(a.Engine, a, err)
	_, err = backend.Parse("redis://cache.internal/0?wiat=1", "--store")
	fmt.Println(err)
	// Output:
	// PostgreSQL postgres://coatcheck:***@db.internal/shop?pool=8 <nil>
	// --store: there is no parameter "wiat", as in redis://USER:PASSWORD@HOST:6379/0
}
