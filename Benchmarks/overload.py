#!/usr/bin/env python3
"""What the service does when more is asked of it than it can do.

    python3 Benchmarks/overload.py WEIGHTS IMAGE [--hpm .build/release/hpm] [--seconds 60]

Measures the capacity of POST /predict-loss with clients that wait for their answers, then sends at 0.9, 1.5, 2 and 3 times that rate without
waiting for any answer (an open loop: each request has its own connection and its own appointed time, so a slow server cannot slow the
sender). Prints for each rate the answers by status, the goodput (200s a second) against that at 0.9, median and 99th percentile of the
admitted, the median time of a refusal, and the resident memory. Ends with 1 when a status is neither 200 nor 429, or goodput falls under
90 % of that at 0.9 times capacity. Needs the standard library alone.
"""
import argparse
import asyncio
import collections
import re
import signal
import subprocess
import sys
import time


class Service:
    def __init__(self, program, weights):
        command = [program, "serve", "--model", weights, "--port", "0", "--drain-delay", "0", "--log-level", "error", "--log-format", "text"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stderr.readline().strip()).group(1))

    async def ask(self, head, body=b""):
        """One request on a connection of its own; (status, seconds it took)."""
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.read(-1)
        finally:
            writer.close()
        return int(answer[9:12]), time.perf_counter() - started

    def resident_megabytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


async def capacity(service, image, seconds, clients=4):
    """Answers a second to clients that each wait for theirs."""
    end = time.perf_counter() + seconds
    answers = 0

    async def client():
        nonlocal answers
        while time.perf_counter() < end:
            status, _ = await service.ask("POST /predict-loss", image)
            assert status == 200, status
            answers += 1

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return answers / (time.perf_counter() - started)


async def open_loop(service, image, rate, seconds):
    """Sends every 1/rate seconds whatever becomes of the earlier ones."""
    started, sent = time.perf_counter(), []
    while (appointed := len(sent) / rate) < seconds:
        await asyncio.sleep(max(0, started + appointed - time.perf_counter()))
        sent.append(asyncio.create_task(service.ask("POST /predict-loss", image)))
    answers = await asyncio.gather(*sent, return_exceptions=True)
    return answers, time.perf_counter() - started


def share(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def report(factor, answers, seconds, service):
    """Prints a line; (200s a second, whether every status is 200 or 429)."""
    statuses = collections.Counter(type(answer).__name__ if isinstance(answer, Exception) else answer[0] for answer in answers)
    times = {status: [answer[1] for answer in answers if not isinstance(answer, Exception) and answer[0] == status] for status in (200, 429)}
    goodput = len(times[200]) / seconds
    refused = f", refusals in {1000 * share(times[429], .5):.1f} ms" if times[429] else ""
    print(f"{factor:.1f} × capacity: {dict(statuses)}, {goodput:.2f} a second, admitted p50 {share(times[200], .5):.2f} s "
          f"p99 {share(times[200], .99):.2f} s{refused}, resident {service.resident_megabytes():.0f} MB", flush=True)
    return goodput, set(statuses) <= {200, 429}


async def measure(service, image, seconds):
    while (await service.ask("GET /health/ready"))[0] != 200:
        await asyncio.sleep(0.01)
    most = await capacity(service, image, seconds / 3)
    print(f"capacity {most:.2f} answers a second", flush=True)
    usual, sound = None, True
    for factor in (0.9, 1.5, 2, 3):
        answers, took = await open_loop(service, image, factor * most, seconds)
        goodput, expected = report(factor, answers, took, service)
        usual = usual or goodput
        sound = sound and expected and goodput >= 0.9 * usual
    return sound


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("weights")
    arguments.add_argument("image")
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--seconds", type=float, default=60)
    chosen = arguments.parse_args()
    with open(chosen.image, "rb") as file:
        image = file.read()
    service = Service(chosen.hpm, chosen.weights)
    try:
        sound = asyncio.run(measure(service, image, chosen.seconds))
    finally:
        service.stop()
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
