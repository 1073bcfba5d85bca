"""The built program, and questions to it that do not go through a browser."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HPM", str(ROOT / ".build/release/hpm"))
# What the log says of the port, on a terminal's line or in JSON.
PORT = re.compile(r'port"?[=:] ?(\d+)')
# Seconds in which a service starts or stops, at most; the machine may have other work.
PATIENCE = 60


class Service:
    """`hpm serve` on a free port, or on one that an earlier service left."""

    def __init__(self, *options, port=0):
        self.lines = []
        self._ready = threading.Event()
        command = [PROGRAM, "serve", "--share", str(ROOT), "--port", str(port), "--drain-delay", "0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(PATIENCE):
            self.stop()
            raise AssertionError(f"{' '.join(command)} did not serve and load its model:\n{self.log}")
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def log(self):
        return "".join(self.lines)

    @property
    def port(self):
        return int(next(PORT.search(line)[1] for line in self.lines if "listening" in line))

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if "model ready" in line:
                self._ready.set()

    def stop(self, sent=signal.SIGTERM):
        self.process.send_signal(sent)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stderr.close()

    def ask(self, path, method="GET", body=None, **fields):
        """Status and bytes of one answer."""
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=fields)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def json(self, path, method="GET", body=None, **fields):
        return json.loads(self.ask(path, method, body, **fields)[1])

    def has(self, path):
        """Whether this build answers at a path at all."""
        return self.ask(path)[0] not in (404, 405)


def sample(name):
    """The bytes of a picture that the page brings."""
    return (ROOT / "Public/page/samples" / name).read_bytes()
