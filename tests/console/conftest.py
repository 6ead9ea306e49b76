"""A headless Chromium, driven by its own protocol, and a server of a built lake for it to look at."""

import base64
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
import uvicorn
from websockets.sync.client import connect

from api.app import create_app
from warehouse.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = {"desktop": (1280, 900), "phone": (375, 812)}
SECONDS = 60
KEYS = {"Tab": 9, "Enter": 13, " ": 32}


def pytest_addoption(parser):
    parser.addoption("--screenshots", help="Folder that keeps what the console looks like.")


class Browser:
    """One page of a browser. What it asked for, what its console said and what it threw is kept."""

    def __init__(self, address):
        self._socket = connect(address, max_size=None)
        self._last = 0
        self.requests, self.errors, self.dialogs = [], [], []
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility", "DOM"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=SECONDS))
            if message.get("id") == self._last:
                assert "error" not in message, message
                return message["result"]
            self._hear(message)

    def close(self):
        self._socket.close()

    def size(self, name):
        width, height = SIZES[name]
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def go(self, address):
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href.split('#')[0] === " + json.dumps(address))

    def ask(self, script):
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, script):
        end = monotonic() + SECONDS
        while not self._settled(script):
            assert monotonic() < end, f"never: {script}"
            sleep(0.05)

    def press(self, key):
        code = KEYS.get(key, ord(key.upper()[0]))
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        for kind in ("keyDown", "keyUp"):
            said = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **said)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def picture(self, file):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _settled(self, script):
        try:
            return self.ask(script)
        except AssertionError:  # the page went away while it was asked
            return False

    def _hear(self, message):
        said = message.get("params", {})
        match message["method"]:
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])
            case "Log.entryAdded" if said["entry"]["level"] in ("error", "warning"):
                self.errors.append(said["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(said["exceptionDetails"])[:500])
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "warning", "assert"):
                self.errors.append(json.dumps(said["args"])[:500])
            case "Page.javascriptDialogOpening":
                self.dialogs.append(said["message"])


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[int]:
    """The port of a browser's protocol."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    profile = tmp_path_factory.mktemp("chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0",
             "--disable-background-networking", "--disable-component-update", "--no-first-run"]  # fmt: skip
    log = (profile / "log").open("wb")
    process = subprocess.Popen([CHROMIUM, *flags, f"--user-data-dir={profile}"], stdout=log, stderr=log)
    try:
        told, end = profile / "DevToolsActivePort", monotonic() + SECONDS
        while not told.exists() or not told.read_text():
            assert process.poll() is None, (profile / "log").read_text()
            assert monotonic() < end
            sleep(0.1)
        yield int(told.read_text().splitlines()[0])
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.fixture
def browser(chromium) -> Iterator[Browser]:
    """A page of its own, without cookies of others."""
    context = httpx.put(f"http://127.0.0.1:{chromium}/json/new?about:blank").json()
    page = Browser(context["webSocketDebuggerUrl"])
    page.size("desktop")
    page.call("Network.clearBrowserCookies")
    yield page
    page.close()
    httpx.get(f"http://127.0.0.1:{chromium}/json/close/{context['id']}")


@pytest.fixture(scope="module")
def looked_at(built_once, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a server over a copy of the built lake, and that lake."""
    root = tmp_path_factory.mktemp("console") / "lake"
    shutil.copytree(built_once[0], root, symlinks=True)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(Settings(lake_root=root, _env_file=None))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        end = monotonic() + SECONDS
        while not server.started:
            assert monotonic() < end
            sleep(0.05)
        yield address, root
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="session")
def pictures(request, tmp_path_factory) -> Path:
    """Where pictures of the pages are kept."""
    given = request.config.getoption("--screenshots", default=None)
    folder = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
