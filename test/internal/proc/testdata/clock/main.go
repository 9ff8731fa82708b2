// Clock says by how much its clock has been set since it began.
package main

import (
	"fmt"
	"time"
)

func main() {
	began := time.Now()
	for {
		now := time.Now()
		jump := now.Round(0).Sub(began.Round(0)) - now.Sub(began)
		fmt.Println("jumped", int64(jump.Round(time.Second)/time.Second))
		time.Sleep(20 * time.Millisecond)
	}
}
