# Sourced by the findings: a temporary room, and Debian packages unpacked in it. Nothing is installed on the machine.

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# debian NAME=VERSION...: fetches these packages and those that they need and this machine lacks, and unpacks them
# below $room/root. The lists of the package manager have to be fresh.
debian() {
	mkdir -p "$room/debs/partial" "$room/root"
	apt-get -qq -y --download-only --no-install-recommends --reinstall --allow-downgrades \
		-o Debug::NoLocking=1 -o Dir::Cache::archives="$room/debs" -o APT::Sandbox::User="$(id -un)" \
		install "$@" >"$room/apt.log" 2>&1 || { cat "$room/apt.log" >&2; exit 1; }
	local deb
	for deb in "$room"/debs/*.deb; do dpkg -x "$deb" "$room/root"; done
	rm -rf "$room/debs"
	export PATH="$room/root/usr/bin:$room/root/usr/sbin:$PATH"
	local libs; libs="$room/root/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)"
	export LD_LIBRARY_PATH="$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

# saw WHAT EXPECTED GOT: prints what was seen and fails if it is something else.
saw() {
	printf '%-62s %s\n' "$1" "$3"
	[ "$2" = "$3" ] || { echo "changed: expected $2" >&2; exit 1; }
}
