// Package doctor looks at a store and says what it promises, what it does not, and what to do about each. It changes
// nothing, so that it can be run on a store in use.
package doctor
