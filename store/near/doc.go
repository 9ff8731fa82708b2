// Package near is a cache in front of any store.
package near
