// Lists what a frame's origin keeps, from a world of our own, where the page's scripts have changed nothing. It reads
// sizes, not values.
(async () => {
	const MaxItems = 1000, MaxText = 500, Patience = 2000
	const found = {origin: self.origin, url: location.href.slice(0, MaxText), items: [], truncated: false}
	const add = (kind, name, size = 0) => {
		if (found.items.length >= MaxItems) found.truncated = true
		else found.items.push({kind, name: ("" + name).slice(0, MaxText), size})
	}
	// An origin may be refused any of these, as in a sandbox.
	const look = async f => {
		let timer
		const late = new Promise((_, reject) => { timer = setTimeout(reject, Patience) })
		try { await Promise.race([f(), late]) } catch {} finally { clearTimeout(timer) }
	}
	const storage = (kind, get) => look(async () => {
		const all = get()
		for (let i = 0; i < all.length && !found.truncated; i++) {
			const key = all.key(i)
			add(kind, key, key.length + all.getItem(key).length)
		}
	})
	await Promise.all([
		storage("localStorage", () => localStorage),
		storage("sessionStorage", () => sessionStorage),
		look(async () => { for (const {name} of await indexedDB.databases()) add("IndexedDB", name) }),
		look(async () => { for (const name of await caches.keys()) add("Cache Storage", name) }),
		look(async () => {
			for (const r of await navigator.serviceWorker.getRegistrations()) {
				const worker = r.active ?? r.waiting ?? r.installing
				if (worker) add("service worker", worker.scriptURL)
			}
		}),
		look(async () => {
			for await (const name of (await navigator.storage.getDirectory()).keys()) add("file system", name)
		}),
	])
	return found
})()
