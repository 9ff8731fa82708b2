module coatcheck.dev

go 1.26.0

require (
	github.com/dunglas/httpsfv v1.1.2
	github.com/go-jose/go-jose/v4 v4.1.9
	github.com/maypok86/otter/v2 v2.4.0
	golang.org/x/net v0.62.0
	golang.org/x/text v0.43.0
)

require github.com/go-jose/go-jose/v4 v4.1.9 // indirect
