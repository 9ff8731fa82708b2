package session

// ForgetMistakes lets the mistakes that were told be told again, as in a program that starts.
func ForgetMistakes() {
	told.mu.Lock()
	defer told.mu.Unlock()
	told.seen = nil
}
