package shop

import (
	"fmt"
	"net/http"
	"slices"
)

// A Good is something that the shop sells.
type Good struct {
	Name  string
	About string
	Price Price
}

// Price is in pence. Zero means on request, for what is not on the shelf.
type Price int

func (p Price) String() string {
	if p == 0 {
		return "on request"
	}
	return fmt.Sprintf("£%d.%02d", p/100, p%100)
}

var goods = []Good{
	{"tea", "Assam, second flush. Malty, dark, and patient with milk.", 680},
	{"coffee", "Washed beans from Huila, roasted on Tuesdays.", 950},
	{"cocoa", "Stone ground, nothing added. Good in bad weather.", 720},
	{"honey", "Heather honey from two hives behind the station.", 890},
	{"biscuits", "Oats, butter, salt. A tin of twenty, if you share.", 540},
	{"cup", "Stoneware, four ounces, a different glaze each time.", 1400},
}

// find returns what is known of an item, and whether it is on the shelf.
func find(name string) (Good, bool) {
	if i := slices.IndexFunc(goods, func(g Good) bool { return g.Name == name }); i >= 0 {
		return goods[i], true
	}
	return Good{Name: name}, false
}

func (s *shop) home(w http.ResponseWriter, r *http.Request) {
	if err := s.notePoster(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "home", "", struct {
		Goods, Recent []Good
		Where         whereabouts
	}{goods, s.recent(r), s.whereaboutsOf(w, r)})
}

func (s *shop) look(w http.ResponseWriter, r *http.Request) {
	good, ok := find(r.PathValue("name"))
	if !ok {
		s.notFound(w, r)
		return
	}
	others := slices.DeleteFunc(s.recent(r), func(g Good) bool { return g == good })
	visitors, err := s.noteLook(w, r, good.Name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "good", good.Name, struct {
		Good     Good
		Recent   []Good
		Visitors int
	}{good, others, visitors})
}
