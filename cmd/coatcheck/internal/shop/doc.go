// Package shop is a small tea shop built on Coatcheck: to see in a browser what the library does, and to read how to
// use it. Begin with state.go, which says what the shop keeps and where. Then read cart.go and signin.go.
//
//	GET  /               the goods, and what lives where for this visitor
//	GET  /goods/{name}   one of the goods; with consent counted, and remembered as recently viewed
//	GET  /cart           the cart
//	POST /cart           add to it: item
//	POST /cart/remove    take out of it: item
//	GET  /login          the sign-in form
//	POST /login          user, password, remember
//	POST /logout
//	POST /theme          theme: light or dark
//	POST /language       language: en or de
//	     /consent/       what the visitor agrees to, by package banner
//	     /account/       the user's devices, by package devices; for signed-in users
//	GET  /cookies        what the shop keeps, in plain words
//	GET  /api/me         {"user":"ada","cart":["tea"],"theme":"dark"}
//
// Forms lead back to the page in return_to. The users are ada (password lovelace), alan (turing) and grace (hopper).
package shop
