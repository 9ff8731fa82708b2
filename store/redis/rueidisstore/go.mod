module coatcheck.dev/store/redis/rueidisstore

go 1.26.0

require (
	coatcheck.dev v0.0.0
	github.com/redis/rueidis v1.0.79
)

require golang.org/x/sys v0.47.0 // indirect

replace coatcheck.dev => ../../..
