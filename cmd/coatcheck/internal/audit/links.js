// Lists where the links of the page lead to.
[...document.links].filter(a => !a.hasAttribute("download")).slice(0, 1000).map(a => a.href.slice(0, 2000))
