module coatcheck.dev

go 1.26
