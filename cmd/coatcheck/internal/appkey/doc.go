// Package appkey has the keys by which services use the session API: what each may do, and its file.
//
// A key is "coatcheck.ID.SECRET": 8 random bytes that name it, which are no secret, and 32 that nobody else knows, both
// in base64url. The file has a line for each key, and of its secret no more than the SHA-256. A secret of 256 random
// bits needs no slow hash: nobody guesses it. Who reads the file can use no key.
//
//	file  = *( ( "#" text / "" / line ) LF )
//	line  = id SP hash SP created SP scopes [ SP label ]   ; created as of RFC 3339, scopes with commas between
//
// A [Ring] follows its file: a new key is good at once, and a retired one refused within a second.
package appkey
