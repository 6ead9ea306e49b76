"""The console in a real browser: by keyboard, on a phone, without scripts, and against tickets that attack it."""

import json
from contextlib import closing

import httpx
import pytest

from operations.inbox import Inbox
from operations.store import open_store

PAGES = {
    "queue": "/console",
    "review": "/console/review",
    "incidents": "/console/incidents",
    "models": "/console/models",
    "quality": "/console/quality",
}
ATTACKS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload="window.hit=1">',
    "<a href='javascript:window.hit=1'>x</a>",
    "' autofocus onfocus='window.hit=1",
    '" hx-get="/v1/metrics" hx-trigger="load" x="',
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
]
FOCUSED = "(one => one && one.getAttribute('aria-label') || one.textContent.trim())(document.activeElement)"
RING = "parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2"
FOCUSABLE = "a[href], button, summary, input:not([type=hidden]), select, [tabindex='0']"
VISIBLE = f'Array.from(document.querySelectorAll("{FOCUSABLE}")).filter(one => one.checkVisibility())'
MOST_STEPS = 300


def ticket_of(address):
    """A ticket of the lake that waits."""
    text = httpx.get(f"{address}/console?show=all").text
    return next(part.split('"')[0] for part in text.split('href="/console/tickets/')[1:] if part.startswith("TK-2"))


def corrections(root):
    with closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store:
        events = [json.loads(row.body) for row in Inbox(store).since(0, 0) if row.kind == "event"]
    return [event for event in events if event["type"].startswith(("Label", "SuggestionAcc"))]


def tab_to(browser, script):
    """Press Tab until the script says that what has the focus is meant."""
    for _ in range(MOST_STEPS):
        browser.press("Tab")
        if browser.ask(script):
            assert browser.ask(RING)
            return
    raise AssertionError(f"the keyboard never reached {script}")


def sound(browser, address):
    """No error was said, nothing was asked of another host, nothing ran that should not."""
    assert browser.errors == []
    assert browser.dialogs == []
    assert browser.ask("window.hit") is None
    assert {url.split("/")[2] for url in browser.requests if "://" in url} <= {address.split("/")[2]}


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("name", [*PAGES, "ticket"])
def test_a_page_fits_is_named_throughout_and_asks_nothing_of_others(browser, looked_at, pictures, name, size):
    address, _ = looked_at
    path = PAGES.get(name) or f"/console/tickets/{ticket_of(address)}"
    browser.size(size)
    browser.go(f"{address}{path}")

    browser.picture(pictures / f"{name}-{size}.png")
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    said = {"button", "link", "textbox", "combobox", "img", "meter", "navigation", "form"}
    named = [node for node in nodes if node.get("role", {}).get("value") in said and not node.get("ignored")]
    assert named
    assert [node for node in named if not node.get("name", {}).get("value", "").strip()] == []
    assert browser.ask("document.querySelectorAll('h1').length") == 1
    assert browser.ask("new Set(Array.from(document.querySelectorAll('[id]'), one => one.id)).size") == browser.ask(
        "document.querySelectorAll('[id]').length"
    )
    sound(browser, address)


def test_pages_are_dark_where_people_want_them_dark(browser, looked_at, pictures):
    address, _ = looked_at
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.go(f"{address}/console/tickets/{ticket_of(address)}")

    browser.picture(pictures / "ticket-dark.png")
    light = browser.ask("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(light) < 60
    assert min(browser.ask("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)")) > 180


def test_the_keyboard_reaches_everything_in_the_order_of_the_page_with_the_focus_seen(browser, looked_at):
    address, _ = looked_at
    browser.go(f"{address}/console/tickets/{ticket_of(address)}")
    browser.press("Tab")
    assert browser.ask(FOCUSED) == "Skip to the content"
    assert browser.ask("document.activeElement.getBoundingClientRect().left") >= 0

    total = browser.ask(f"{VISIBLE}.length")
    seen = [0]
    for _ in range(total - 1):
        browser.press("Tab")
        assert browser.ask(RING), browser.ask(FOCUSED)
        seen.append(browser.ask(f"{VISIBLE}.indexOf(document.activeElement)"))
    assert seen == list(range(total))

    browser.ask("document.activeElement.blur(), scrollTo(0, 0), document.querySelector('.skip').focus()")
    browser.press("Enter")
    browser.until("document.activeElement.id === 'main'")


def test_j_and_k_move_through_the_queue_and_enter_opens(browser, looked_at):
    address, _ = looked_at
    browser.go(f"{address}/console?show=all")
    first, second = browser.ask("Array.from(document.querySelectorAll('[data-row] th a'), a => a.id).slice(0, 2)")
    for key in "jjk":
        browser.press(key)
    assert browser.ask("document.activeElement.id") == first
    browser.press("j")
    browser.press("Enter")

    browser.until(f"location.pathname === '/console/tickets/{second.removeprefix('t-')}'")
    sound(browser, address)


def test_a_label_is_put_right_by_keyboard_alone_and_the_page_says_so(browser, looked_at, pictures):
    address, root = looked_at
    ticket = ticket_of(address)
    before = len(corrections(root))
    browser.go(f"{address}/console/tickets/{ticket}")
    tab_to(browser, "(document.activeElement.getAttribute('aria-label') || '').startsWith('Correct category to')")
    label = browser.ask("document.activeElement.value")
    browser.press("Enter")

    browser.until("document.activeElement.getAttribute('role') === 'status'")
    assert browser.ask("document.activeElement.textContent").startswith("Corrected")
    assert browser.ask("document.querySelector('#target-category .put').textContent").startswith(
        f"Put right to {label}"
    )
    assert browser.ask("location.pathname") == f"/console/tickets/{ticket}"
    [event] = corrections(root)[before:]
    assert (event["type"], event["ticket_id"], event["payload"]["value"]) == ("LabelCorrected", ticket, label)
    browser.picture(pictures / "corrected-desktop.png")
    sound(browser, address)


def test_without_scripts_a_label_is_put_right_and_a_solution_is_used(browser, looked_at):
    address, root = looked_at
    ticket = ticket_of(address)
    before = len(corrections(root))
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.go(f"{address}/console/tickets/{ticket}")
    tab_to(browser, "(document.activeElement.getAttribute('aria-label') || '').startsWith('Use SOL-')")
    browser.press("Enter")
    browser.until("document.getElementById('notice')?.textContent.startsWith('Noted: the suggestion was used')")
    tab_to(browser, "document.activeElement.closest('.other') && document.activeElement.tagName === 'SUMMARY'")
    browser.press("Enter")
    browser.press("Tab")
    browser.type("Mooring")
    browser.press("Enter")
    browser.until("document.getElementById('notice')?.textContent.startsWith('Corrected')")

    used, corrected = corrections(root)[before:]
    assert used["type"] == "SuggestionAccepted"
    assert corrected["payload"]["value"] == "Mooring"
    sound(browser, address)


def test_tickets_that_attack_are_shown_as_what_they_say(browser, looked_at, pictures):
    address, _ = looked_at
    for number, attack in enumerate(ATTACKS):
        said = dict.fromkeys(("subject", "description", "error_logs", "product", "customer_tier", "language"), attack)
        sent = httpx.post(f"{address}/v1/tickets", json={"ticket_id": f"TK-BAD-{number}", **said})
        assert sent.status_code == 202
    browser.go(f"{address}/console")
    assert browser.ask("document.querySelectorAll('[data-row]').length") >= len(ATTACKS)
    sound(browser, address)
    for number, attack in enumerate(ATTACKS):
        browser.go(f"{address}/console/tickets/TK-BAD-{number}")
        browser.ask("document.querySelectorAll('summary').forEach(one => one.click())")
        assert browser.ask("document.querySelector('h1').textContent") == attack
        assert (
            browser.ask(
                "document.querySelectorAll('iframe, img:not(.brand img), body [onload], a[href^=javascript]').length"
            )
            == 0
        )
        sound(browser, address)
    browser.picture(pictures / "attack-desktop.png")
