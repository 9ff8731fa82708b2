// Hello is a program small enough to build in the tests of package proc.
package main

import "fmt"

func main() { fmt.Println(greeting) }
