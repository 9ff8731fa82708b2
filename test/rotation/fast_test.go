//go:build !race

package rotation

const sqliteShare = 1 // all of it
