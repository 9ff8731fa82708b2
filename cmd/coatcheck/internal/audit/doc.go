// Package audit is the command of the same name. It visits a site in a real Chromium and lists what the browser keeps
// for it: cookies, web storage, databases, caches, service workers, files; of the site and of others that it embeds.
//
// A visit has scenes: before the visitor has made a choice about consent, after a refusal, after an agreement, and
// before, in and after each script of steps, such as one that signs in. Each starts with an empty profile, except that
// a refusal follows the scene before it. At each scene the given pages are opened, and links of the site; after each
// page a [Snapshot] is taken of what is there. Meanwhile a script of our own runs in each document and worker before
// those of the page, and tells who keeps what; responses tell of themselves.
//
// What is found is compared with an inventory, and each cookie goes through package lint. The report has names, sizes
// and places, and never a value.
package audit
