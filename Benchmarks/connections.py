#!/usr/bin/env python3
"""What idle connections cost the service: memory, and what a client who asks something notices of them.

    python3 Benchmarks/connections.py [--hpm .build/release/hpm] [--connections 10000]

Needs the standard library alone, and a limit of open files (ulimit -n) above the count. Opens that many connections, has each answered once,
keeps them, and prints the resident memory on top, the processor time of ten idle seconds, and the slowest of 100 GET /health/live.
"""
import argparse
import os
import re
import resource
import signal
import socket
import subprocess
import time

REQUEST = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def ask(connection):
    connection.sendall(REQUEST)
    answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 "), answer


def resident_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--connections", type=int, default=10_000)
    options = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    command = [options.hpm, "serve", "--port", "0", "--drain-delay", "0", "--log-level", "error", "--log-format", "text", "--idle-timeout", "3600"]
    process = subprocess.Popen(command + ["--max-connections", str(options.connections + 10)], stderr=subprocess.PIPE, text=True)
    port = int(re.search(r":(\d+)$", process.stderr.readline().strip()).group(1))
    try:
        first = socket.create_connection(("127.0.0.1", port))
        while True:
            first.sendall(REQUEST.replace(b"live", b"ready"))
            if first.recv(65536).startswith(b"HTTP/1.1 200 "):
                break
            time.sleep(0.1)
        before = resident_bytes(process)
        kept = [socket.create_connection(("127.0.0.1", port)) for _ in range(options.connections)]
        for connection in kept:
            ask(connection)
        on_top = resident_bytes(process) - before
        spent = processor_seconds(process)
        time.sleep(10)
        spent = processor_seconds(process) - spent
        slowest = 0.0
        for _ in range(100):
            started = time.perf_counter()
            ask(first)
            slowest = max(slowest, time.perf_counter() - started)
        print(f"{len(kept)} idle connections: {on_top / 1e6:.1f} MB on top, {on_top / len(kept):.0f} bytes each")
        print(f"processor time of ten idle seconds: {spent:.2f} s; slowest of 100 answers: {1000 * slowest:.1f} ms")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    main()
