package token

// ReadWatch is for the fuzzer.
var ReadWatch = readWatch
