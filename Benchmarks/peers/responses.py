#!/usr/bin/env python3
"""Every response of hpm, read by h11, which takes nothing that RFC 9112 does not allow.

    python3 -m venv peers && peers/bin/pip install h11
    peers/bin/python Benchmarks/peers/responses.py [--hpm .build/release/hpm]

Starts a service of its own with a small data set and a training job, and sends: every route and method of its OpenAPI document, as it is,
as HEAD, over HTTP/1.0 and pipelined; uploads with a length, in chunks, in gzip and after 100-continue; conditional requests and ranges; a
job's events to their end; and what must be refused. Each response has to parse to its end with no byte left over, close or stay as it
says, and carry X-Request-Id and Date. Ends with 1 where one does not.
"""
import argparse
import collections
import gzip
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib

import h11


def png(width, height, seed=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * (seed + 3) + y * 7 + seed) % 256 for x in range(3 * width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def archive():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for index in range(24):
            data = png(40, 40, index)
            entry = tarfile.TarInfo(f"photos/{index}.png")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return file.getvalue()


class Service:
    def __init__(self, program, home):
        command = [program, "serve", "--port", "0", "--home", home, "--drain-delay", "0", "--log-format", "json", "--job-threads", "1"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HPM_")}
        self.log = open(os.path.join(home, "..", "log"), "w+")
        self.process = subprocess.Popen(command, stderr=self.log, env=environment)
        self.port = int(self.line(r'"listening".*"port":(\d+)').group(1))
        self.line('"model ready"')

    def line(self, pattern):
        for _ in range(2400):
            with open(self.log.name) as log:
                if match := re.search(pattern, log.read()):
                    return match
            assert self.process.poll() is None, open(self.log.name).read()
            time.sleep(0.05)
        raise SystemExit(f"the service does not say {pattern}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Reader:
    """Sends bytes, and reads as many responses as there are requests in them."""

    def __init__(self, port):
        self.port, self.statuses, self.faults = port, collections.Counter(), []

    def ask(self, name, raw, methods=("GET",), more=None, patience=60):
        """Answers to one or several requests on a connection; `more` is sent once the server says 100."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), patience) as client:
                client.sendall(raw)
                return self.read(name, client, methods, more)
        except (h11.ProtocolError, AssertionError, OSError) as fault:
            self.faults.append(f"{name}: {type(fault).__name__} {fault}")
            return []

    def read(self, name, client, methods, more):
        connection, answers = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536), []
        for method in methods:
            if answers:
                assert connection.states[h11.SERVER] is not h11.MUST_CLOSE, "an answer that closes is followed by another"
                connection.start_next_cycle()
            # What h11 must know of a request: its method, and that it is over.
            connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
            connection.send(h11.EndOfMessage())
            answers.append(self.one(connection, client, more))
        if connection.states[h11.SERVER] is h11.MUST_CLOSE:
            client.settimeout(10)
            # The server ends its side; the client's end lets it go.
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b"", "something follows the last answer"
        else:
            assert connection.trailing_data[0] == b"", f"{connection.trailing_data[0][:80]} follows the answer"
        for response, _ in answers:
            self.statuses[response.status_code] += 1
        return answers

    def one(self, connection, client, more):
        response, body = None, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(client.recv(65536))
            elif isinstance(event, h11.InformationalResponse):
                assert event.status_code == 100 and more is not None, f"an unasked {event.status_code}"
                client.sendall(more)
                more = None
            elif isinstance(event, h11.Response):
                response = event
                names = [field.decode().lower() for field, _ in event.headers]
                assert names.count("x-request-id") == 1 and names.count("date") == 1, f"fields {names}"
                assert event.reason, "no reason phrase"
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return response, body
            else:
                raise AssertionError(f"{event} where an answer was due")


def head(method, target, *fields, version="1.1"):
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def everything(reader, document, job):
    """Every route and method, by what they are asked for."""
    deletions = []
    values = {"name": "small32", "version": "1", "code": "not-found", "id": job, "file...": "page.css", "path...": "metrics.jsonl"}
    for template, operations in document["paths"].items():
        target = re.sub(r"\{([^}]*)\}", lambda match: values.get(match[1], values.get(match[1] + "...", "x")), template)
        for method in sorted(operations):
            if method == "delete":
                deletions.append(target)
            if method in ("get", "post", "put") and not re.search("unload|cancel|pause|promote", template):
                name = f"{method.upper()} {target}"
                body = b"" if method == "get" else b"{}"
                length = f"Content-Length: {len(body)}"
                reader.ask(name, head(method.upper(), target, length) + body)
                reader.ask(name + " closing", head(method.upper(), target, length, "Connection: close") + body)
                reader.ask(name + " of HTTP/1.0", head(method.upper(), target, length, version="1.0") + body)
                reader.ask(name + " asking for nothing", head(method.upper(), target, length, "Accept: application/x-nothing") + body)
                reader.ask(name + " in gzip", head(method.upper(), target, length, "Accept-Encoding: gzip") + body)
        if "get" in operations and not template.endswith("/events"):
            reader.ask(f"HEAD {target}", head("HEAD", target), ["HEAD"])
            answers = reader.ask(f"GET {target}", head("GET", target))
            tag = next((value.decode() for field, value in answers[0][0].headers if field == b"etag"), None) if answers else None
            if tag:
                reader.ask(f"GET {target} if changed", head("GET", target, f"If-None-Match: {tag}"))
                reader.ask(f"HEAD {target} if changed", head("HEAD", target, f"If-None-Match: {tag}"), ["HEAD"])
            for span in ("bytes=0-9", "bytes=-5", "bytes=99999999-", "bytes=1-0"):
                reader.ask(f"GET {target} {span}", head("GET", target, f"Range: {span}"))
        for method in ("DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            if method.lower() not in operations:
                reader.ask(f"{method} {target}", head(method, target))
        get = head("GET", target) if "get" in operations and not template.endswith("/events") else head("PATCH", target)
        reader.ask(f"three of {target}", get + get + get, ["GET"] * 3)
    for target in deletions:
        reader.ask(f"DELETE {target}", head("DELETE", target))


def uploads(reader):
    image = png(48, 40)
    chunked = b"".join(f"{len(part):x};a=b\r\n".encode() + part + b"\r\n" for part in (image[:7], image[7:])) + b"0\r\nX-Sum: 1\r\n\r\n"
    packed, form = gzip.compress(image), b"--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n" + image + b"\r\n--b--\r\n"
    for target in ("/predict-loss", "/predict-loss?format=npy", "/predict-loss?format=png&view=overlay", "/mask?ratio=0.5", "/reconstruct"):
        reader.ask(f"POST {target}", head("POST", target, f"Content-Length: {len(image)}") + image)
        reader.ask(f"POST {target} chunked", head("POST", target, "Transfer-Encoding: chunked") + chunked)
        reader.ask(f"POST {target} gzip", head("POST", target, "Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)
        reader.ask(
            f"POST {target} after 100", head("POST", target, "Expect: 100-continue", f"Content-Length: {len(image)}"), more=image)
        reader.ask(
            f"POST {target} form", head("POST", target, "Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(form)}") + form)
        reader.ask(f"POST {target} too soon", head("POST", target, "Request-Timeout: 0.001", f"Content-Length: {len(image)}") + image)
        reader.ask(f"POST {target} to 1.0", head("POST", target, f"Content-Length: {len(image)}", version="1.0") + image)
    tensors = json.dumps({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(image) + 4}}],
                          "parameters": {"binary_data_output": True}}).encode()
    body = tensors + struct.pack("<I", len(image)) + image
    reader.ask("POST infer", head("POST", "/v2/models/small32/infer", f"Inference-Header-Content-Length: {len(tensors)}",
                                  f"Content-Length: {len(body)}") + body)
    reader.ask("POST unknown image", head("POST", "/predict-loss", "Content-Length: 3") + b"abc")
    reader.ask("POST cut image", head("POST", "/predict-loss", "Content-Length: 60") + image[:60])


def refused(reader):
    """What must be refused, and said so in good HTTP."""
    long = "a" * 9000
    for name, raw in {
        "no HTTP": b"hello\r\n\r\n", "old": b"GET / HTTP/0.9\r\n\r\n", "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT": head("CONNECT", "a:80"),
        "no host": b"GET / HTTP/1.1\r\n\r\n", "two lengths": head("POST", "/mask", "Content-Length: 3", "Content-Length: 4") + b"abc",
        "length and chunks": head("POST", "/mask", "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        "folded": head("GET", "/", "X: a\r\n b"), "bare LF": b"GET / HTTP/1.1\nHost: a\n\n", "NUL": head("GET", "/", "X: a\0b"),
        "long target": head("GET", "/" + long), "long field": head("GET", "/", *(f"X-{n}: {long}" for n in range(5))),
        "many fields": head("GET", "/", *(f"X-{n}: a" for n in range(200))), "huge": head("POST", "/mask", "Content-Length: 999999999999"),
        "coding": head("POST", "/mask", "Transfer-Encoding: gzip, chunked"), "content coding": head("POST", "/mask", "Content-Encoding: br", "Content-Length: 1") + b"a",
        "expectation": head("POST", "/mask", "Expect: 200-ok", "Content-Length: 1") + b"a", "chunk": head("POST", "/mask", "Transfer-Encoding: chunked") + b"zz\r\n",
        "bad escape": head("GET", "/%zz"), "gzip that is none": head("POST", "/mask", "Content-Encoding: gzip", "Content-Length: 3") + b"abc",
    }.items():
        reader.ask(name, raw)


def jobs(reader):
    data = archive()
    reader.ask("PUT data set", head("PUT", "/datasets/photos", "Transfer-Encoding: chunked", "Expect: 100-continue"),
               more=f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n")
    order = json.dumps({"kind": "pretrain", "dataset": "photos", "config": {
        "preset": "test", "optimizer": {"batch_size": 8}, "evaluation": {"held_back_images": 8, "every_epochs": 0},
        "schedule": {"epochs": 2, "warmup_epochs": 0}}}).encode()
    fields = ("Content-Type: application/json", f"Content-Length: {len(order)}")
    (response, body), = reader.ask("POST job", head("POST", "/jobs", *fields, "Idempotency-Key: k") + order)
    assert response.status_code == 202, body
    job = json.loads(body)["id"]
    reader.ask("POST job again", head("POST", "/jobs", *fields, "Idempotency-Key: k") + order)
    events = reader.ask("events", head("GET", f"/jobs/{job}/events", "Accept: text/event-stream"), patience=300)
    text = events[0][1].decode() if events else ""
    assert '"succeeded"' in text, text[-500:]
    last = re.findall(r"^id: (\d+)$", text, re.MULTILINE)[-1]
    reader.ask("events again", head("GET", f"/jobs/{job}/events", "Accept: text/event-stream", f"Last-Event-ID: {last}"))
    reader.ask("events to HTTP/1.0", head("GET", f"/jobs/{job}/events", "Accept: text/event-stream", version="1.0"))
    reader.ask("events as JSON", head("GET", f"/jobs/{job}/events?after=0"))
    reader.ask("metrics as CSV", head("GET", f"/jobs/{job}/metrics", "Accept: text/csv"))
    return job


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hpm", default=".build/release/hpm")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = os.path.join(folder, "home")
        os.mkdir(home)
        service = Service(chosen.hpm, home)
        try:
            reader = Reader(service.port)
            job = jobs(reader)
            document = json.loads(reader.ask("description", head("GET", "/openapi.json"))[0][1])
            everything(reader, document, job)
            uploads(reader)
            refused(reader)
        finally:
            status = service.stop()
    print(f"{sum(reader.statuses.values())} responses read by h11: " + ", ".join(f"{count} × {code}" for code, count in sorted(reader.statuses.items())))
    for fault in reader.faults:
        print("  " + fault)
    sys.exit(1 if reader.faults or status != 0 else 0)


if __name__ == "__main__":
    main()
