// Package check is the command of the same name: it fetches pages, or reads what was recorded, and has package lint judge
// the cookies.
package check
