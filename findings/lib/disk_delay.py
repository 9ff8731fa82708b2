"""How late a cookie is on disk: browsers are killed with kill -9 at random moments, and show after the next start what
they have kept of a cookie that changes four times a second."""

import concurrent.futures
import random
import sys
import tempfile
import time

from browsers import Server, wait_for

PAGE = "<title>p</title><script>setInterval(() => fetch('/turn'), 250)</script>"


def kill_once(browser, room, after):
    """Kills a browser so many seconds after its first cookie. Returns the age of the oldest cookie that was lost."""
    turned = []

    def turn(_):
        turned.append(time.time())
        return "", [("Set-Cookie", f"turn={len(turned)}; Max-Age=86400")]

    server = Server({"/page": lambda _: (PAGE, []), "/turn": turn, "/again": lambda _: ("<title>a</title>", [])})
    b = browser(tempfile.mkdtemp(dir=room))
    try:
        b.open(server.url("/page"))
        wait_for("the first cookie", lambda: turned)
        time.sleep(after)
        b.kill()
        killed, n = time.time(), len(turned)
        b.open(server.url("/again"))
        wait_for("the new start", lambda: server.saw("/again"))
        kept = int((server.saw("/again")[0][2] or "turn=0").removeprefix("turn="))
        return killed - turned[kept] if kept < n else 0.0
    finally:
        b.kill()


def measure(browser, room, rounds, longest):
    """Prints the age of the oldest cookie that was lost in any round; each lasts up to so many seconds."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        moments = [random.uniform(longest / 3, longest) for _ in range(rounds)]
        lost = sorted(pool.map(lambda after: kill_once(browser, room, after), moments))
    print(f"{rounds} rounds: the oldest lost cookie was {lost[rounds // 2]:.1f} s old in the median, "
          f"{lost[-1]:.1f} s at most", file=sys.stderr)
    print(lost[-1])
