package main

// equivalents are mutants that no test can tell from the original by what is promised, each with the reason.
var equivalents = map[string]string{}
