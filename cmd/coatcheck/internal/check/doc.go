// Package check is the command of the same name. It fetches pages, or reads what was recorded, and package lint judges
// their cookies.
package check
