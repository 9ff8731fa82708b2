// Package audit is the command of the same name. It visits a site in a real Chromium and lists what the browser keeps
// for it: cookies, web storage, databases, caches, service workers, files; of the site and of others that it embeds.
//
// An audit has scenes. One visitor opens the site before any choice about consent, and again after a refusal. Another
// one agrees, and withdraws in the end. Cookies of a file make a third one, and each script of steps, such as one that
// signs in, a visitor of its own. Every visitor starts with an empty browser. In each scene the given pages are opened,
// and links of the site. After each page a snapshot is taken of what is there. Meanwhile a script of our own runs in
// each document and worker before those of the page, and tells who keeps what; responses tell of themselves.
//
// What is found is compared with an inventory, and each cookie goes through package lint. The report has names, sizes
// and places, and never a value.
package audit
