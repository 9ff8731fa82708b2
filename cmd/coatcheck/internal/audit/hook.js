// Runs in every document and worker before its own scripts, and tells which script keeps what. It tells no values.
(() => {
	"use strict"
	const tell = globalThis.BINDING
	if (typeof tell !== "function") return
	delete globalThis.BINDING
	const {stringify} = JSON, {defineProperty, getOwnPropertyDescriptor} = Object, {apply} = Reflect
	const seen = new Set(), MaxReports = 2000, MaxText = 500
	const cut = text => text.length > MaxText ? text.slice(0, MaxText) : text

	const stack = () => {
		const limit = Error.stackTraceLimit, prepare = Error.prepareStackTrace
		Error.stackTraceLimit = 20
		Error.prepareStackTrace = undefined
		const lines = "" + new Error().stack
		Error.stackTraceLimit = limit
		Error.prepareStackTrace = prepare
		return lines.split("\n").slice(1).filter(line => !line.includes("coatcheck-audit.js")).slice(0, 6).map(cut)
	}
	// A document without an address of its own (srcdoc, about:blank, blob:) keeps things where the one above it does.
	const address = () => {
		const {href} = location, {origin} = globalThis
		if (/^https?:/.test(href)) return href
		const base = globalThis.document?.baseURI ?? ""
		return base.startsWith(origin + "/") ? base : origin + "/"
	}
	const report = (kind, name, size, attributes = "") => {
		try {
			const key = [kind, name, attributes].join("\n")
			if (seen.has(key) || seen.size >= MaxReports) return
			seen.add(key)
			tell(stringify({kind, name: cut("" + name), size, attributes: cut(attributes), frame: cut(address()),
				stack: stack()}))
		} catch {}
	}
	// before calls look with the arguments of a method, then the method itself.
	const before = (holder, method, look) => {
		const real = holder?.prototype?.[method]
		if (typeof real !== "function") return
		const stand = {[method](...args) {
			try { look(this, args) } catch {}
			return apply(real, this, args)
		}}[method]
		defineProperty(holder.prototype, method, {...getOwnPropertyDescriptor(holder.prototype, method), value: stand})
	}

	const line = text => {
		const [pair, ...attributes] = text.split(";"), at = pair.indexOf("=")
		report("cookie", at < 0 ? "" : pair.slice(0, at).trim(), pair.length, attributes.join(";"))
	}
	if (globalThis.Document) {
		const cookie = getOwnPropertyDescriptor(Document.prototype, "cookie")
		defineProperty(Document.prototype, "cookie", {...cookie, set(value) {
			const text = "" + value
			line(text)
			apply(cookie.set, this, [text])
		}})
	}
	before(globalThis.CookieStore, "set", (_, [name, value]) => {
		if (typeof name !== "object") return line(`${name}=${value}; Path=/; Secure; SameSite=Strict`)
		const c = name, until = c.expires ? `; Expires=${new Date(+c.expires).toUTCString()}` : ""
		line(`${c.name}=${c.value}; Path=${c.path ?? "/"}; Secure; SameSite=${c.sameSite ?? "Strict"}${until}` +
			(c.domain ? `; Domain=${c.domain}` : "") + (c.partitioned ? "; Partitioned" : ""))
	})
	before(globalThis.IDBFactory, "open", (_, [name]) => report("IndexedDB", name))
	before(globalThis.CacheStorage, "open", (_, [name]) => report("Cache Storage", name))
	before(globalThis.ServiceWorkerContainer, "register", (_, [script]) =>
		report("service worker", new URL(script, location.href).href))
	before(globalThis.FileSystemDirectoryHandle, "getFileHandle", (_, [name, options]) =>
		options?.create && report("file system", name))

	// Storage has properties of any name, so it is seen through a proxy.
	if (!globalThis.Storage) return
	const real = Symbol.for("BINDING") // the same in all frames
	const unwrap = storage => storage?.[real] ?? storage
	const proxies = new Map()
	const kind = storage => proxies.get(storage)?.kind ?? "localStorage"
	for (const method of ["getItem", "setItem", "removeItem", "clear", "key"]) {
		const native = Storage.prototype[method]
		const stand = {[method](...args) {
			const storage = unwrap(this)
			if (method === "setItem" && args.length > 1)
				report(kind(storage), args[0], ("" + args[0]).length + ("" + args[1]).length)
			return apply(native, storage, args)
		}}[method]
		defineProperty(Storage.prototype, method,
			{...getOwnPropertyDescriptor(Storage.prototype, method), value: stand})
	}
	const length = getOwnPropertyDescriptor(Storage.prototype, "length")
	defineProperty(Storage.prototype, "length", {...length, get() { return apply(length.get, unwrap(this), []) }})
	for (const name of ["localStorage", "sessionStorage"]) {
		const native = getOwnPropertyDescriptor(globalThis, name)
		if (!native?.get) continue
		defineProperty(globalThis, name, {...native, get() {
			const storage = apply(native.get, globalThis, [])
			if (!storage) return storage
			if (!proxies.has(storage)) proxies.set(storage, {kind: name, proxy: new Proxy(storage, {
				get: (target, key) => key === real ? target : Reflect.get(target, key),
				set: (target, key, value) => {
					if (typeof key === "string") report(name, key, key.length + ("" + value).length)
					return Reflect.set(target, key, value)
				},
				defineProperty: (target, key, descriptor) => {
					if (typeof key === "string") report(name, key, key.length + ("" + descriptor.value).length)
					return Reflect.defineProperty(target, key, descriptor)
				},
			})})
			return proxies.get(storage).proxy
		}})
	}
	const area = globalThis.StorageEvent && getOwnPropertyDescriptor(StorageEvent.prototype, "storageArea")
	if (area) defineProperty(StorageEvent.prototype, "storageArea", {...area, get() {
		const storage = apply(area.get, this, [])
		return proxies.get(storage)?.proxy ?? storage
	}})
})()
//# sourceURL=coatcheck-audit.js
