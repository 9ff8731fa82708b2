// Package seal signs short texts that leave the program and come back: cookies, links, tokens in forms. A text that
// comes back is exactly what this program signed, for the same purpose, or it counts as absent.
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
// # Keys
//
// [Open] reads the keys from a file, and makes the file if there is none. The newest key signs, all keys verify.
// [Ring.Rotate] adds a key, and nobody notices. [Ring.Retire] forgets old keys: their texts are refused from then on.
// Retire a key when its last text has expired anyway, or at once if the key may have leaked.
//
// Several programs may share a file, if one of them at a time changes it. The others call [Ring.Reload] before they
// have to read a text with the new key.
//
// # Format
//
//	signed = message "." tag
//	tag    = 43( ALPHA / DIGIT / "-" / "_" )   ; base64url of HMAC-SHA-256 over scope and message
//	scope  = "sign" %x00 length purpose        ; length: of the purpose, unsigned varint
//
// The length keeps purpose and message apart. The word "sign" leaves room for other uses of the keys.
package seal
