"""Requests a second of GET /mask beside a Hummingbird and a FlyingFox route that answer the same bytes, in one run on the same cores.

    swift build -c release --package-path Benchmarks/peers/fixed_answer
    python3 Benchmarks/peers/mask.py [--hpm .build/release/hpm] [--connections 32] [--seconds 10] [--rounds 3]

hpm draws its mask anew for every request; the others send bytes that they hold. Needs wrk (Debian's package) and the standard library.
Server and wrk share the cores. A round measures each server in turn; the figures are medians of the rounds.
"""
import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

QUERY = "/mask?ratio=0.75&grid=14x14"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, command):
        self.name, self.port = name, free_port()
        self.process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(self):
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{QUERY}") as answer:
                    return answer.read()
            except OSError:
                assert self.process.poll() is None, f"{self.name} did not start"
                time.sleep(0.05)
        raise SystemExit(f"{self.name} does not answer")

    def requests_a_second(self, connections, seconds):
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{self.port}{QUERY}"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert "Non-2xx" not in text and "Socket errors" not in text, text
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), re.search(r"99%\s+(\S+)", text)[1]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--peers", default=os.path.join(os.path.dirname(__file__), "fixed_answer/.build/release/FixedAnswer"))
    arguments.add_argument("--connections", type=int, default=32)
    arguments.add_argument("--seconds", type=int, default=10)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        hpm = Server("hpm", [chosen.hpm, "serve", "--port", "PORT", "--home", folder + "/home", "--drain-delay", "0"])
        servers = [hpm]
        try:
            body = hpm.get()
            with open(folder + "/body", "wb") as file:
                file.write(body)
            servers += [Server(name, [chosen.peers, name, "PORT", file.name]) for name in ("hummingbird", "flyingfox")]
            assert all(server.get() == body for server in servers), "the servers answer different bytes"
            rates = {server.name: [] for server in servers}
            for _ in range(chosen.rounds):
                for server in servers:
                    rates[server.name].append(server.requests_a_second(chosen.connections, chosen.seconds))
        finally:
            for server in servers:
                server.end()
    ours = statistics.median(rate for rate, _ in rates["hpm"])
    for name, measured in rates.items():
        rate = statistics.median(rate for rate, _ in measured)
        print(f"{name}: {rate:.0f} requests a second, 99th percentile {measured[-1][1]}; hpm / it {ours / rate:.2f}")


if __name__ == "__main__":
    main()
