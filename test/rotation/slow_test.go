//go:build race

package rotation

// sqliteShare is the part of the work that is done on SQLite: the race detector makes that database ten times slower.
const sqliteShare = 10
