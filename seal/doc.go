// Package seal signs and encrypts what leaves the program and comes back: cookies, links, tokens in forms, records in a
// store. What comes back is exactly what this program made, for the same purpose, or it counts as absent.
//
// # Signing
//
// A [Ring] holds the keys. [Ring.Sign] appends a tag to a message and [Ring.Verify] takes it off again:
//
//	ring, err := seal.Open("/var/lib/shop/keys")
//	...
//	text := ring.Sign("newsletter link", "ada@example.com")
//	address, ok := ring.Verify("newsletter link", text)
//
// The message stays readable, because signing hides nothing. The purpose is signed too, so a text for one use is
// refused for every other. Nothing else is: put a time limit, or the visitor, into the message itself.
//
// # Sealing
//
// [Ring.Seal] encrypts a message as well, and [Ring.Open] decrypts it. Only its length can be seen. The cipher is
// AES-256-GCM under keys that are derived anew after at most 65,536 messages, with random nonces, so there is no number
// of messages at which the keys have to be changed.
//
// # Keys
//
// [Open] reads the keys from a file, and makes the file if there is none; [Parse] takes them from a text, such as a
// secret of the environment. The newest key signs and seals, all keys verify and open. [Ring.Rotate] adds a key, and
// nobody notices. [Ring.Retire] forgets old keys: their texts are refused from then on. Retire a key when its last text
// has expired anyway, or at once if the key may have leaked.
//
// Several programs may share a file, if one of them at a time changes it. The others look at the file when a text fits
// none of their keys, so they know a new key from its first text on. They sign with it, and refuse a retired one, after
// the next [Ring.Reload]; [Ring.Follow] does so whenever the file changes.
//
// # FIPS 140-3
//
// The package uses approved algorithms alone (HMAC, HKDF, AES-GCM with random nonces), from Go's own module. It works
// under GODEBUG=fips140=only, in a program that was built with GOFIPS140=v1.0.0.
//
// # Format
//
//	signed  = message "." tag
//	tag     = 43( ALPHA / DIGIT / "-" / "_" )  ; base64url of HMAC-SHA-256 over scope and message
//	scope   = "sign" %x00 length purpose       ; length: of the purpose, unsigned varint
//
//	sealed  = version id salt nonce ciphertext gcmtag
//	version = %x01
//	id      = 4OCTET                           ; of the key: the front of HMAC-SHA-256 over "key id"
//	salt    = 16OCTET                          ; random; the AES key is HKDF-SHA-256 of key, salt and "coatcheck seal"
//	nonce   = 12OCTET                          ; random
//	gcmtag  = 16OCTET                          ; over the ciphertext and, as additional data, the purpose
//
// The length keeps purpose and message apart. The word "sign" leaves room for other uses of the keys.
package seal
