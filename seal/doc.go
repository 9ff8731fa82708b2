// Package seal signs short texts that leave the program and come back: cookies, links, tokens in forms. What comes back
// either is exactly what this program signed, for this purpose, or it counts as absent.
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
// The message stays readable: signing hides nothing. The purpose is part of what is signed, so that a text signed for
// one use is refused for every other. Nothing else is: a message that is to hold for a time, or for one visitor, has
// to say so itself.
//
// # Keys
//
// [Open] reads the keys from a file, and makes the file when there is none. The newest key signs, all keys verify.
// [Ring.Rotate] adds a key, and nobody notices; [Ring.Retire] forgets old ones, and what they signed is refused from
// then on. Retire a key when the last text that it signed is out of date anyway, or at once when it may have leaked.
//
// Programs that share a file call [Ring.Reload] after one of them has changed it, before the new key is used to sign
// anything that the others are to read. One of them at a time may change it.
//
// # Format
//
//	signed = message "." tag
//	tag    = 43( ALPHA / DIGIT / "-" / "_" )   ; base64url of HMAC-SHA-256 over scope and message
//	scope  = "sign" %x00 length purpose        ; length: of the purpose, unsigned varint
//
// The length keeps purpose and message apart, and "sign" keeps the keys free for uses that are to come.
package seal
