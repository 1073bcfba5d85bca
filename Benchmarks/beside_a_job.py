#!/usr/bin/env python3
"""What inference and a training job cost each other on one machine.

    python3 Benchmarks/beside_a_job.py WEIGHTS IMAGE [--hpm .build/release/hpm] [--requests 200] [--seconds 120] [--preset vit_tiny]

On a server of its own, with a home of its own: the time of POST /predict-loss, one request after another, without a job (p50, p99); the
images a second of a job (one thread, the lowest priority) that nothing disturbs; then both again while requests come at --rate a second.
Ends with 1 where p99 beside the job is 1.5 times that without or more, or the job keeps less than 60 % of its speed. Run it on a machine that
does nothing else. Needs the standard library alone; the job trains on pictures of noise that the script makes.
"""
import argparse
import http.client
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

LATENCY_LIMIT, SPEED_LIMIT = 1.5, 0.6
# Steps of a job before it is measured: the first ones are slower.
FIRST_STEPS = 3
DIFFERENT_IMAGES, NAMES_EACH = 32, 256
# Between two looks at the job; the service itself looks twice a second.
LOOK_SECONDS = 0.25


class Service:
    def __init__(self, program, weights, home, images):
        command = [program, "serve", "--model", weights, "--port", "0", "--drain-delay", "0", "--log-level", "error", "--log-format", "text",
                   "--home", home, "--data-root", images, "--job-threads", "1"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", int(re.search(r":(\d+)$", self.process.stderr.readline().strip()).group(1)))

    def ask(self, method, path, body=b""):
        """The answer's status and body."""
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body[:1] == b"{" else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def json(self, method, path, value=None, expected=200):
        status, body = self.ask(method, path, json.dumps(value).encode() if value is not None else b"")
        if status != expected:
            raise SystemExit(f"{method} {path}: {status}: {body.decode(errors='replace')}")
        return json.loads(body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


def picture(path, side):
    """A PNG file of noise."""
    rows = b"".join(b"\0" + random.randbytes(3 * side) for _ in range(side))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in chunks:
            file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def latencies(service, image, count, rate=None):
    """Seconds of each of so many requests: one after the other, or begun at a rate."""
    times, started = [], time.perf_counter()
    for number in range(count):
        if rate:
            time.sleep(max(0, started + number / rate - time.perf_counter()))
        begun = time.perf_counter()
        status, body = service.ask("POST", "/predict-loss", image)
        if status != 200:
            raise SystemExit(f"/predict-loss: {status}: {body.decode(errors='replace')}")
        times.append(time.perf_counter() - begun)
    return times


def step(service, job):
    """Training steps that the job's metrics tell of; ends the program where the job is over."""
    state = service.json("GET", f"/jobs/{job}")
    if state["state"] not in ("queued", "running"):
        raise SystemExit(f"the job is {state['state']}: {state['error']}")
    return state["progress"]["step"]


def speed(service, job, seconds, meanwhile):
    """Steps a second between the first step that is seen and the last, over so many seconds in which `meanwhile` is called."""
    first = step(service, job)
    while (now := step(service, job)) == first:
        time.sleep(0.02)
    first, started, last, ended = now, time.perf_counter(), now, time.perf_counter()
    while (rest := started + seconds - time.perf_counter()) > 0 or last == first:
        meanwhile(max(0, rest))
        now = step(service, job)
        if now > last:
            last, ended = now, time.perf_counter()
    return (last - first) / (ended - started)


def start_job(service, preset, batch, steps):
    config = {"preset": preset, "optimizer": {"batch_size": batch},
              "evaluation": {"held_back_images": 0, "every_epochs": 0, "contact_sheet_images": 0},
              "schedule": {"epochs": steps, "warmup_epochs": 0}, "run": {"state_every_steps": 1_000_000}}
    job = service.json("POST", "/jobs", {"kind": "pretrain", "dataset": "noise", "config": config}, expected=202)["id"]
    while step(service, job) < FIRST_STEPS:
        time.sleep(0.1)
    return job


def measure(service, image, chosen):
    while service.ask("GET", "/health/ready")[0] != 200:
        time.sleep(0.01)
    latencies(service, image, 5)
    idle = latencies(service, image, chosen.requests)
    print(f"without a job: p50 {1000 * share(idle, .5):.1f} ms, p99 {1000 * share(idle, .99):.1f} ms of {len(idle)} requests", flush=True)
    job = start_job(service, chosen.preset, chosen.batch, 1_000_000)
    alone = speed(service, job, chosen.seconds, lambda rest: time.sleep(min(LOOK_SECONDS, rest)))
    print(f"the job alone: {chosen.batch * alone:.2f} images a second", flush=True)
    beside = latencies(service, image, chosen.requests)
    print(f"beside the job: p50 {1000 * share(beside, .5):.1f} ms, p99 {1000 * share(beside, .99):.1f} ms of {len(beside)} requests", flush=True)
    due = time.perf_counter()

    def disturb(rest):
        nonlocal due
        time.sleep(min(LOOK_SECONDS, rest))
        if time.perf_counter() >= due:
            due = max(due + 1 / chosen.rate, time.perf_counter() - 1 / chosen.rate)
            latencies(service, image, 1)

    disturbed = speed(service, job, chosen.seconds, disturb)
    print(f"the job under {chosen.rate} requests a second: {chosen.batch * disturbed:.2f} images a second", flush=True)
    ratio, kept = share(beside, .99) / share(idle, .99), disturbed / alone
    print(f"p99 beside the job is {ratio:.2f} times that without (wanted: under {LATENCY_LIMIT}); "
          f"the job keeps {100 * kept:.0f} % of its speed (wanted: {100 * SPEED_LIMIT:.0f} % or more)")
    return ratio < LATENCY_LIMIT and kept >= SPEED_LIMIT


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("weights")
    arguments.add_argument("image")
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--requests", type=int, default=200, help="of each measurement of latency")
    arguments.add_argument("--seconds", type=float, default=120, help="of each measurement of the job's speed")
    arguments.add_argument("--rate", type=float, default=0.5, help="requests a second that disturb the job")
    arguments.add_argument("--preset", default="vit_tiny", help="of the job")
    arguments.add_argument("--batch", type=int, default=8, help="images a step of the job")
    arguments.add_argument("--side", type=int, default=256, help="pixels on a side of the job's pictures")
    chosen = arguments.parse_args()
    with open(chosen.image, "rb") as file:
        image = file.read()
    with tempfile.TemporaryDirectory() as folder:
        images = os.path.join(folder, "images")
        os.mkdir(images)
        # Long epochs, since at the end of each the job writes its state.
        for number in range(DIFFERENT_IMAGES * NAMES_EACH):
            path, first = os.path.join(images, f"{number}.png"), os.path.join(images, f"{number % DIFFERENT_IMAGES}.png")
            picture(path, chosen.side) if number < DIFFERENT_IMAGES else os.link(first, path)
        service = Service(chosen.hpm, chosen.weights, os.path.join(folder, "home"), images)
        try:
            service.json("PUT", "/datasets/noise", {"path": images}, expected=201)
            sound = measure(service, image, chosen)
        finally:
            service.stop()
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
