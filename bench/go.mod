module coatcheck.dev/bench

go 1.26

require coatcheck.dev v0.0.0

replace coatcheck.dev => ..
