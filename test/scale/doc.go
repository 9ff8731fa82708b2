// Package scale measures what a million sessions take: bytes, commands and time, on each engine that sessions can be
// kept in. Its figures are what docs/scale.md is made of.
//
//	make scale                                                    # a million sessions on each; half an hour
//	COATCHECK_SCALE=10000 go test -v -run=Measure/redis ./scale   # a look at one, from the module's folder
//	COATCHECK_SCALE=1000000 go test -timeout=2h ./scale -update   # writes figures/measured.json
//
// Without COATCHECK_SCALE the engines that need no server are measured with few sessions, to see that it works.
//
// Servers run as they come, but for more memory and a log that is written back as often as usual. Only while they are
// filled do they not wait for the disk.
package scale
