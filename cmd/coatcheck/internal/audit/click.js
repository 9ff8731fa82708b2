// Calls an action with the first visible element that a selector matches, in open shadow roots too.
((selector, action) => {
	const find = root => {
		for (const e of root.querySelectorAll(selector)) if (e.checkVisibility({visibilityProperty: true})) return e
		for (const e of root.querySelectorAll("*")) {
			const inner = e.shadowRoot && find(e.shadowRoot)
			if (inner) return inner
		}
		return null
	}
	let found
	try { found = find(document) } catch (e) { return "" + e.message }
	if (!found) return "absent"
	found.scrollIntoView({block: "center", behavior: "instant"})
	action(found)
	return "done"
})
