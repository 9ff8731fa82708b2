// Package statetest keeps an inventory true: the committed STATE.md says what the code declares, and the code keeps
// nothing that it does not declare.
//
//	func TestState(t *testing.T) { statetest.Golden(t, shop.Inventory) }
//
// [NoDrift] says the same of a program that a test has used: see [state.Drift].
package statetest
