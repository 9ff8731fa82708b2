package network_test

import (
	"bytes"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/network"
)

func TestNetworks(t *testing.T) {
	for _, c := range []struct{ text, want, inside, outside string }{
		{"192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.8"},
		{"192.0.2.7/32", "192.0.2.7", "::ffff:192.0.2.7", "192.0.2.6"},
		{"192.0.2.9/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24", "192.0.2.1", "192.0.1.255"},
		{"2001:DB8::/32", "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
		{"0.0.0.0/0", "0.0.0.0/0", "255.255.255.255", "2001:db8::1"},
		{"::/0", "::/0", "2001:db8::1", "192.0.2.7"},
		{"::/64", "::/64", "::192.0.2.7", "::ffff:192.0.2.7"},
		{"fe80::/10", "fe80::/10", "fe80::1%eth0", "fec0::1"},
		{"fe80::1%eth1", "fe80::1", "fe80::1%eth0", "fe80::2"},
	} {
		p, err := network.Parse(c.text)
		if err != nil || network.Format(p) != c.want {
			t.Errorf("%s is %s, %v; want %s", c.text, network.Format(p), err, c.want)
			continue
		}
		first, last := network.Bounds(p)
		for address, want := range map[string]bool{c.inside: true, c.outside: false} {
			key := network.Key(address)
			in := bytes.Compare(first, key) <= 0 && bytes.Compare(key, last) <= 0 &&
				(network.Whole(p) || !network.Address(address).Is4())
			if in != want || p.Contains(network.Address(address)) != want {
				t.Errorf("%s is in %s: %v", address, c.text, in)
			}
		}
	}
	for _, text := range []string{"", "192.0.2", "192.0.2.0/33", "fe80::%eth0/64", "::ffff:10.0.0.0/8", "a/b", "/"} {
		if p, err := network.Parse(text); err == nil {
			t.Errorf("%q is %v", text, p)
		}
	}
	if key := network.Key("unknown"); key == nil || len(key) != 0 {
		t.Errorf("what is no address has the key %v", key)
	}
}

// What is read is written so that it is read the same, and its bounds are in order.
func FuzzParse(f *testing.F) {
	f.Add("192.0.2.0/24")
	f.Add("::ffff:1.2.3.4/100")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := network.Parse(text)
		if err != nil {
			return
		}
		if again, err := network.Parse(network.Format(p)); err != nil || again != p {
			t.Errorf("%q is %v, and then %v, %v", text, p, again, err)
		}
		if first, last := network.Bounds(p); bytes.Compare(first, last) > 0 {
			t.Errorf("%q ends before it begins", text)
		}
	})
}
