package jar_test

import (
	"strings"
	"testing"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

func TestAddAllOrNothing(t *testing.T) {
	j, _ := newJar(jar.Spec)
	set(t, j, at("https://example.com/"), "old=1")
	good := jar.Cookie{Name: "a", Value: "1", Domain: "example.com", HostOnly: true, Path: "/"}
	for what, spoil := range map[string]func(*jar.Cookie){
		"control":     func(c *jar.Cookie) { c.Value = "s3cret\n" },
		"semicolon":   func(c *jar.Cookie) { c.Value = "a;b" },
		"space":       func(c *jar.Cookie) { c.Value = " a" },
		"name":        func(c *jar.Cookie) { c.Name = "a=b" },
		"no content":  func(c *jar.Cookie) { c.Name, c.Value = "", "" },
		"size":        func(c *jar.Cookie) { c.Value = strings.Repeat("x", 4096) },
		"path":        func(c *jar.Cookie) { c.Path = "/\x01" },
		"long path":   func(c *jar.Cookie) { c.Path = "/" + strings.Repeat("x", cookie.MaxLine) },
		"domain":      func(c *jar.Cookie) { c.Domain = "Example.com" },
		"dot":         func(c *jar.Cookie) { c.Domain = ".example.com" },
		"port":        func(c *jar.Cookie) { c.Domain = "example.com/x" },
		"suffix":      func(c *jar.Cookie) { c.Domain, c.HostOnly = "co.uk", false },
		"address":     func(c *jar.Cookie) { c.Domain, c.HostOnly = "192.0.2.1", false },
		"same-site":   func(c *jar.Cookie) { c.SameSite = 9 },
		"priority":    func(c *jar.Cookie) { c.Priority = 9 },
		"none":        func(c *jar.Cookie) { c.SameSite = cookie.SameSiteNone },
		"prefix":      func(c *jar.Cookie) { c.Name = "__Http-a" },
		"hidden":      func(c *jar.Cookie) { c.Name, c.Value = "", "__Host-a" },
		"partition":   func(c *jar.Cookie) { c.Partition.TopLevelSite = "https://example.com" },
		"no site":     func(c *jar.Cookie) { c.Secure, c.Partition.TopLevelSite = true, "example.com" },
		"not a site":  func(c *jar.Cookie) { c.Secure, c.Partition.TopLevelSite = true, "https://www.example.com" },
		"only a bit":  func(c *jar.Cookie) { c.Secure, c.Partition.CrossSiteAncestor = true, true },
		"site's path": func(c *jar.Cookie) { c.Secure, c.Partition.TopLevelSite = true, "https://example.com/" },
	} {
		bad := good
		spoil(&bad)
		err := j.Add(good, bad)
		if err == nil || !strings.HasPrefix(err.Error(), "add cookie 2: ") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", what, err)
		}
		expect(t, j, at("https://example.com/"), "old=1")
	}
	gone := jar.Cookie{Name: "old", Domain: "example.com", HostOnly: true, Path: "/", Expires: vectorTime}
	if err := j.Add(gone, good); err != nil {
		t.Fatal(err)
	}
	expect(t, j, at("https://example.com/"), "a=1")
}
