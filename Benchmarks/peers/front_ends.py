#!/usr/bin/env python3
"""nginx and haproxy before hpm, under requests that two readers could read differently.

    sudo apt-get install nginx haproxy
    python3 Benchmarks/peers/front_ends.py [--hpm .build/release/hpm]

Each front end runs on a free port of loopback with the least that makes it one, connections to hpm kept, bodies not buffered. It is sent
the ambiguous heads and the broken chunks of Tests/HTTPTests/SmugglingTests.swift, each with a further request behind it, and its log is
compared with hpm's: hpm must have seen no request that the front end did not send as one. Prints a line a case where anything but a
refusal happened, and a table; ends with 1 where the two disagree. Needs the standard library alone.
"""
import argparse
import collections
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.errors crit;
events {{ worker_connections 64; }}
http {{
  log_format seen '$request_method $request_uri $status $upstream_status';
  access_log {folder}/nginx.log seen;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream hpm {{ server 127.0.0.1:{upstream}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://hpm; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; proxy_next_upstream off;
    }}
  }}
}}
"""

HAPROXY = """
global
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "seen %HM %HU %ST %s"
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 5s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port}
  default_backend hpm
backend hpm
  server hpm 127.0.0.1:{upstream}
"""


def cases():
    """Heads and chunks of the tests, as bytes with a marked path and a further request behind."""
    source = os.path.join(os.path.dirname(__file__), "..", "..", "Tests", "HTTPTests", "SmugglingTests.swift")
    with open(source, encoding="utf-8") as file:
        text = file.read()

    def literals(part):
        escapes = {"r": "\r", "n": "\n", "t": "\t", '"': '"', "\\": "\\"}
        for literal in re.findall(r'"((?:[^"\\]|\\.)*)"', part):
            yield re.sub(r"\\(?:u\{([0-9a-f]+)\}|(.))", lambda match: chr(int(match[1], 16)) if match[1] else escapes[match[2]], literal)

    framings = list(literals(text.split("framings = [")[1].split("\n  ]")[0]))
    chunks = list(literals(text.split("arguments: [")[1].split("\n    ])")[0]))
    assert len(framings) > 30 and len(chunks) > 15, "SmugglingTests.swift does not read as it did"
    for number, (fields, body) in enumerate([(fields, "0\r\n\r\nX") for fields in framings]
                                            + [("Transfer-Encoding: chunked", body) for body in chunks]):
        first = f"POST /first-{number} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}"
        yield number, fields if body == "0\r\n\r\nX" else body, (first + f"GET /smuggled-{number} HTTP/1.1\r\nHost: a\r\n\r\n").encode("latin-1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("HPM_")}


class Service:
    """`hpm serve`, whose log is read line by line."""

    def __init__(self, program, folder):
        command = [program, "serve", "--port", "0", "--home", os.path.join(folder, "home"), "--drain-delay", "0", "--log-format", "json"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment())
        self.lines, self.condition = [], threading.Condition()
        self.port = next(line["port"] for line in map(json.loads, self.process.stderr) if line["message"] == "listening")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            with self.condition:
                self.lines.append(json.loads(line))
                self.condition.notify_all()

    def seen(self, number):
        """What it says of the case that has just been sent: paths of requests, and how many it refused."""
        mark = f"/mark-{number}"
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(f"GET {mark} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            while client.recv(65536):
                pass
        with self.condition:
            self.condition.wait_for(lambda: any(line.get("target") == mark for line in self.lines), 10)
            lines, self.lines = self.lines, []
        paths = [line["target"] for line in lines if line["message"] == "request" and line.get("target") not in (None, mark)]
        return paths, sum(line["message"] == "refused" for line in lines)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class FrontEnd:
    def __init__(self, name, upstream, folder):
        self.name, self.folder, self.port = name, folder, free_port()
        configuration = os.path.join(folder, f"{name}.conf")
        with open(configuration, "w") as file:
            file.write((NGINX if name == "nginx" else HAPROXY).format(folder=folder, port=self.port, upstream=upstream))
        program = shutil.which(name) or f"/usr/sbin/{name}"
        command = [program, "-p", folder, "-c", configuration] if name == "nginx" else [program, "-db", "-f", configuration]
        self.output = open(os.path.join(folder, f"{name}.output"), "w+")
        self.process = subprocess.Popen(command, stdout=self.output, stderr=subprocess.STDOUT)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, open(self.output.name).read()
            time.sleep(0.05)
        raise SystemExit(f"{name} does not listen")

    def send(self, request, patience=0.5):
        """Statuses of what comes back until nothing has for a while."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(request)
            client.settimeout(patience)
            with contextlib.suppress(OSError):
                while piece := client.recv(65536):
                    answer += piece
        return [int(status) for status in re.findall(rb"(?:^|\n|\})HTTP/1\.[01] (\d{3}) ", answer)]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def forwarded(self):
        """Paths that it sent on, by case."""
        self.output.close()
        with open(os.path.join(self.folder, "nginx.log" if self.name == "nginx" else "haproxy.output"), errors="replace") as log:
            rows = [line.split() for line in log]
        if self.name == "nginx":
            sent = [row[1] for row in rows if len(row) == 4 and row[3] != "-"]
        else:
            sent = [row[2] for row in rows if len(row) == 5 and row[0] == "seen" and row[4] == "hpm"]
        paths = collections.defaultdict(list)
        for path in sent:
            paths[int(path.rsplit("-", 1)[1])].append(path)
        return paths


def verdict(sent, seen, refused):
    """One word for what became of a case; None where the two disagree on where a request ends."""
    if collections.Counter(seen) - collections.Counter(sent):
        return None
    if not sent:
        return "refused by the front end"
    if refused:
        return "refused by hpm"
    if seen == sent:
        return "one request for both" if len(seen) == 1 else "two requests for both"
    return "not completed by the front end"


def measure(name, service, folder):
    front, results = FrontEnd(name, service.port, folder), {}
    try:
        for number, shown, request in cases():
            statuses = front.send(request)
            results[number] = (shown, statuses, *service.seen(number))
    finally:
        front.stop()
    forwarded, table, faults = front.forwarded(), collections.Counter(), 0
    for number, (shown, statuses, seen, refused) in results.items():
        word = verdict(forwarded[number], seen, refused)
        faults += word is None
        table[word or "DISAGREEMENT"] += 1
        if word != "refused by the front end":
            print(f"  {name}: {shown!r}: answered {statuses}, sent on {forwarded[number]}, hpm saw {seen} and refused {refused}: {word or 'DISAGREEMENT'}")
    return table, faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hpm", default=".build/release/hpm")
    chosen = arguments.parse_args()
    tables, faults = {}, 0
    for name in ("nginx", "haproxy"):
        with tempfile.TemporaryDirectory() as folder:
            service = Service(chosen.hpm, folder)
            try:
                tables[name], found = measure(name, service, folder)
            finally:
                status = service.stop()
            faults += found + (status != 0)
    words = sorted({word for table in tables.values() for word in table})
    print(f"{'':32s}" + "".join(f"{name:>10s}" for name in tables))
    for word in words:
        print(f"{word:32s}" + "".join(f"{table[word]:10d}" for table in tables.values()))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
