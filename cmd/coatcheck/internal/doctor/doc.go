// Package doctor says what a store promises, what it does not, and what to do about it. It changes nothing, so it can
// be run on a store in use.
package doctor
