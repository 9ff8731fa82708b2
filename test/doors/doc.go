// Package doors holds every way to Coatcheck against the same table: the gate that carries the traffic, and the proxies
// that people have, with the files that the program prints for them. It also plants the mistakes that operators make,
// and demands that "coatcheck doctor --site" finds each of them, by its row and by no other, and nothing where there is
// no mistake.
package doors
