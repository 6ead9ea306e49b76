"""Error logs and stack traces that go with an error code and an exception; the words depend on nothing else."""

import random
from datetime import datetime, timedelta

from simulator import people
from simulator.scribe import PATHS, Span

MESSAGES = {
    "TIMEOUT": ("no answer within {n} s", "gave up waiting after {n} s", "deadline of {n} s exceeded"),
    "RATELIMIT": ("{n} calls in the window, limit reached", "caller over quota, retry in {n} s"),
    "QUOTA": ("quota of {n} used up", "allowance spent, {n} over"),
    "MEMORY": ("cannot allocate {n} MB", "heap exhausted at {n} MB"),
    "DISK": ("no space on volume {n}", "{n} bytes left on device"),
    "DEADLOCK": ("transaction {n} waits for itself", "lock cycle between sessions {n} and {m}"),
    "CONNECTION": ("peer {ip} closed the line", "cannot reach {ip}", "socket to {ip} lost after {n} ms"),
    "DNS": ("name not resolved after {n} tries",),
    "SSL": ("handshake with {ip} refused", "certificate of {ip} not trusted"),
    "AUTH": ("credentials refused, try {n}", "caller not authenticated from {ip}"),
    "TOKEN": ("token ran out {n} s ago",),
    "PERMISSION": ("caller lacks right {n}", "access to object {n} refused"),
    "SESSION": ("session {n} unknown",),
    "MFA": ("one-time code mismatch, try {n}",),
    "NOTFOUND": ("object {n} does not exist", "no route for request {n}"),
    "CONFLICT": ("version {n} expected, {m} found",),
    "DUPLICATE": ("key {n} present already",),
    "PARSING": ("unexpected sign in line {n}", "cannot read line {n}, column {m}"),
    "ENCODING": ("byte {n} is no valid sequence",),
    "VALIDATION": ("field {n} breaks a rule", "{n} of {m} records refused"),
    "SCHEMA": ("column {n} not expected", "{n} columns found, {m} expected"),
    "CORRUPTION": ("block {n} unreadable",),
    "CHECKSUM": ("digest of part {n} differs",),
    "SYNC": ("position {n} unknown to the other side",),
    "QUEUE": ("queue holds {n} messages, limit {m}",),
    "JOB": ("step {n} of {m} gave up",),
    "CONFIG": ("key number {n} has no value",),
    "VERSION": ("release {n} not supported",),
    "LICENSE": ("licence {n} not valid",),
    "PAYMENT": ("charge {n} not accepted",),
    "KEY": ("fingerprint of key {n} differs",),
    "IO": ("read of {n} bytes failed", "cannot write {path}"),
    "NULL": ("value {n} is empty",),
    "RENDER": ("widget {n} not drawn",),
}
PLAIN = ("request {n} failed", "unexpected state {n}", "operation ended with status {n}")
BEFORE = (
    "INFO  [{module}] worker {n} started", "DEBUG [{module}] request {n} taken", "INFO  [{module}] batch of {n} opened",
    "WARN  [{module}] retry {n}", "DEBUG [core] heartbeat {n} ms", "INFO  [core] session {n} opened from {ip}",
    "DEBUG [{module}] reading {path}", "WARN  [core] answer took {n} ms",
)  # fmt: skip
AFTER = (
    "INFO  [{module}] will try again in {n} s", "WARN  [{module}] gave up after {n} tries",
    "INFO  [core] request {n} closed",
    "ERROR [core] caller informed, id {n}", "INFO  [{module}] state saved",
)  # fmt: skip


def error_log(code: str, module: str, at: datetime, draw: random.Random) -> tuple[str, list[Span]]:
    """Three to six lines, one of them with the code (if there is one)."""
    stamp = at - timedelta(seconds=draw.randrange(5, 900))
    lines = [draw.choice(BEFORE) for _ in range(draw.randrange(1, 4))]
    message = draw.choice(MESSAGES.get(code.split("_")[1], PLAIN) if code else PLAIN)
    lines.append(("ERROR [{module}] {code}: " if code else "ERROR [{module}] ") + message)
    lines += [draw.choice(AFTER) for _ in range(draw.randrange(1, 3))]
    text = ""
    spans: list[Span] = []
    for line in lines:
        stamp += timedelta(seconds=draw.randrange(0, 4))
        text += f"{chr(10) if text else ''}{stamp:%Y-%m-%dT%H:%M:%S} "
        text = _fill(text, line, {"module": module, "code": code}, draw, spans)
    return text, spans


def _fill(text: str, line: str, known: dict[str, str], draw: random.Random, spans: list[Span]) -> str:
    kinds = {"ip": "ip", "path": "path", "code": "error_code", "module": "module"}
    for piece in line.split("{"):
        slot, closed, rest = piece.partition("}")
        if not closed:
            text += piece
            continue
        if slot == "ip":
            value = people.address(draw)
        elif slot == "path":
            value = draw.choice(PATHS).replace("{n}", str(draw.randrange(2, 400)))
        else:
            value = known.get(slot) or str(draw.randrange(2, 5000))
        if slot in kinds:
            spans.append((len(text), len(text) + len(value), kinds[slot]))
        text += value + rest
    return text


def stack_trace(exception: str, module: str, draw: random.Random) -> tuple[str, list[Span]]:
    """A trace as Python, Java or C++ print it."""
    n, m, k = (draw.randrange(12, 900) for _ in range(3))
    camel = "".join(part.capitalize() for part in module.split("_"))
    message = draw.choice(PLAIN).replace("{n}", str(k))
    style = draw.randrange(3)
    if style == 0:
        file = f"/opt/tl/{module}/{draw.choice(['run', 'handler', 'steps'])}.py"
        head = f'Traceback (most recent call last):\n  File "{file}", line {n}, in {draw.choice(["run", "handle"])}\n'
        head += f"    {draw.choice(['self.step(item)', 'result = work(item)', 'yield from self.read()'])}\n"
        text = f"{head}{exception}: {message}"
        return text, [
            (text.index(file), text.index(file) + len(file), "path"),
            (len(head), len(head) + len(exception), "exception"),
        ]
    if style == 1:
        head = "Exception in thread main: " if draw.random() < 0.5 else "Caused by: "
        text = (
            f"{head}{exception}: {message}\n\tat tl.{module}.{camel}.{draw.choice(['run', 'apply'])}({camel}.java:{n})"
        )
        text += f"\n\tat tl.core.Dispatcher.next(Dispatcher.java:{m})\n\tat tl.core.Main.main(Main.java:{k})"
        return text, [(len(head), len(head) + len(exception), "exception")]
    head = "terminate called after throwing "
    text = (
        f"{head}{exception}\n  what(): {message}\n#0 {camel}::step() at {module}.cc:{n}\n#1 Core::loop() at loop.cc:{m}"
    )
    return text, [(len(head), len(head) + len(exception), "exception")]
