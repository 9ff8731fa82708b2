module coatcheck.dev

go 1.26.0

require (
	github.com/maypok86/otter/v2 v2.4.0
	golang.org/x/net v0.62.0
)
