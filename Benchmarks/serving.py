#!/usr/bin/env python3
"""What the service costs around the model: time to ready, memory, and what HTTP adds to a request.

    python3 Benchmarks/serving.py WEIGHTS IMAGE [--hpm .build/release/hpm] [--precision fp32]

WEIGHTS is a checkpoint of any size, IMAGE a photo. Needs the standard library alone. Prints the best of five starts (the file in the page
cache), the resident memory once ready beside the file's bytes, and over one kept connection the medians of GET /health/live (all of it is
HTTP's) and of POST /predict-loss less what Server-Timing says decoding, preprocessing, waiting and computing took.
"""
import argparse
import http.client
import os
import re
import signal
import subprocess
import time


class Service:
    def __init__(self, program, weights, precision):
        started = time.perf_counter()
        command = [program, "serve", "--model", weights, "--precision", precision, "--port", "0", "--drain-delay", "0", "--log-level", "error", "--log-format", "text"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stderr.readline().strip()).group(1))
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while self.ask("GET", "/health/ready")[0] != 200:
            time.sleep(0.002)
        self.seconds_to_ready = time.perf_counter() - started

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        response.read()
        return response.status, response.headers

    def ping(self):
        """GET /health/live with as little of Python around it as can be: its own parser takes longer than the server."""
        self.connection.sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = self.connection.sock.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"}"), answer

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def median(values):
    return sorted(values)[len(values) // 2]


def milliseconds(call):
    started = time.perf_counter()
    result = call()
    return 1000 * (time.perf_counter() - started), result


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("weights")
    arguments.add_argument("image")
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--precision", default="fp32")
    chosen = arguments.parse_args()
    starts = []
    for _ in range(5):
        service = Service(chosen.hpm, chosen.weights, chosen.precision)
        starts.append(service.seconds_to_ready)
        resident = service.resident_bytes()
        service.stop()
    print(f"ready within {min(starts):.2f} s of start (best of {len(starts)}), resident {resident / 1e6:.0f} MB, "
          f"file {os.path.getsize(chosen.weights) / 1e6:.0f} MB")
    service = Service(chosen.hpm, chosen.weights, chosen.precision)
    alive = [milliseconds(service.ping)[0] for _ in range(2000)]
    print(f"GET /health/live: median {median(alive):.3f} ms, 99th percentile {sorted(alive)[int(len(alive) * 0.99)]:.3f} ms")
    with open(chosen.image, "rb") as file:
        image = file.read()
    added, totals = [], []
    for _ in range(50):
        total, (status, headers) = milliseconds(lambda: service.ask("POST", "/predict-loss?format=json", image))
        assert status == 200, status
        stages = dict(re.findall(r"(\w+);dur=([\d.]+)", headers["Server-Timing"]))
        added.append(total - sum(float(stages[stage]) for stage in ("decode", "preprocess", "queue", "compute")))
        totals.append(total)
    print(f"POST /predict-loss: median {median(totals):.2f} ms, of which {median(added):.2f} ms over decoding, preprocessing and computing")
    service.stop()


if __name__ == "__main__":
    main()
