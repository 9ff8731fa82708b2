package shop

import (
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"coatcheck.dev/session"
)

func (s *shop) addToCart(w http.ResponseWriter, r *http.Request) {
	item := r.FormValue("item")
	if !isItem(item) {
		s.say(w, r, http.StatusUnprocessableEntity, "What was that?", "The name of an item has 1 to 40 characters.")
		return
	}
	err := Cart.Update(session.From(r.Context()), func(items []string) []string {
		return append(items, item)
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	back(w, r)
}

func (s *shop) removeFromCart(w http.ResponseWriter, r *http.Request) {
	visitor, item := session.From(r.Context()), r.FormValue("item")
	if !slices.Contains(Cart.Get(visitor), item) {
		back(w, r) // an update would begin a session for a visitor who has none
		return
	}
	err := Cart.Update(visitor, func(items []string) []string {
		if i := slices.Index(items, item); i >= 0 {
			items = slices.Delete(items, i, i+1)
		}
		return items
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	back(w, r)
}

// isItem reports whether a name can be ordered. It need not be on the shelf.
func isItem(name string) bool {
	return name != "" && name == strings.TrimSpace(name) &&
		utf8.ValidString(name) && utf8.RuneCountInString(name) <= 40 &&
		!strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
}

// A line of the cart is one kind of item.
type line struct {
	Good
	Count int
}

// Sum is the price of all of them.
func (l line) Sum() Price { return Price(l.Count) * l.Price }

func (s *shop) showCart(w http.ResponseWriter, r *http.Request) {
	var lines []line
	var total Price
	for _, item := range Cart.Get(session.From(r.Context())) {
		good, _ := find(item)
		total += good.Price
		if i := slices.IndexFunc(lines, func(l line) bool { return l.Name == item }); i >= 0 {
			lines[i].Count++
			continue
		}
		lines = append(lines, line{good, 1})
	}
	s.show(w, r, http.StatusOK, "cart", "Your cart", struct {
		Lines []line
		Total Price
	}{lines, total})
}
