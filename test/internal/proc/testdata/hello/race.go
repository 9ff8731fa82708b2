//go:build race

package main

const greeting = "hello, watched"
