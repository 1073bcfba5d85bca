"""hpm serve beside LitServe with ONNX Runtime: photos in, predicted losses as JSON out, in one run on the same cores.

    peers/bin/python Benchmarks/peers/serving.py IMAGE [--hpm .build/release/hpm] [--clients 4] [--seconds 30] [--rounds 3]

Both serve one ViT-B/16 in fp32 and prepare the photo alike (short side to 256, bicubic, middle 224 × 224). Clients keep their connection and
send the next photo when they have the answer; a round measures each service in turn. Prints images a second, the median and 99th percentile
of a client's wait, and the memory of all processes of the service (proportional set size), and checks that both answer the same numbers.
"""
import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

BOUNDARY = "hpm-photo"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """A service as a group of processes that can be asked, weighed and ended."""

    def __init__(self, name, command, port, path, content_type, body, ready):
        self.name, self.port, self.path, self.body = name, port, path, body
        self.headers = {"Content-Type": content_type}
        self.process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.is_ready(ready):
            assert self.process.poll() is None, f"{name} did not start"
            time.sleep(0.05)

    def is_ready(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False

    def losses(self, connection):
        connection.request("POST", self.path, self.body, self.headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, (self.name, response.status, body[:200])
        return body

    def measure(self, clients, seconds):
        """(answers a second, every wait in seconds)."""
        waits, end = [], time.perf_counter() + seconds

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            while (begun := time.perf_counter()) < end:
                self.losses(connection)
                waits.append(time.perf_counter() - begun)

        started = time.perf_counter()
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(waits) / (time.perf_counter() - started), waits

    def megabytes(self):
        total = 0
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.getpgid(int(process)) == self.process.pid:
                    total += int(re.search(r"^Pss:\s+(\d+)", open(f"/proc/{process}/smaps_rollup").read(), re.M).group(1))
            except (OSError, AttributeError):
                continue
        return total / 1024

    def stop(self):
        os.killpg(self.process.pid, 15)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)


def exported(folder):
    """The same random network for both: (safetensors file, ONNX file)."""
    import safetensors.torch
    import torch

    from network import randomised

    model = randomised("vit_base")
    weights, graph = os.path.join(folder, "vit_base.safetensors"), os.path.join(folder, "model.onnx")
    safetensors.torch.save_file(model.state_dict(), weights, metadata={"encoder_heads": "12", "decoder_heads": "16"})
    shapes = {"pixels": {0: torch.export.Dim("batch")}}
    torch.onnx.export(model, (torch.randn(2, 3, 224, 224),), graph, input_names=["pixels"], output_names=["predicted_loss"], dynamo=True,
                      dynamic_shapes=(shapes["pixels"],), verbose=False)
    return weights, graph


def services(chosen, folder, photo):
    weights, graph = exported(folder)
    part = (f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"image\"; filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n").encode()
    form = part + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    form_type = f"multipart/form-data; boundary={BOUNDARY}"

    def hpm():
        port = free_port()
        command = [chosen.hpm, "serve", "--model", weights, "--precision", "fp32", "--port", str(port), "--log-level", "error"]
        return Service("hpm", command, port, "/predict-loss", "image/jpeg", photo, "/health/ready")

    def litserve(batch):
        port = free_port()
        command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "litserve_server.py"), graph, str(port), str(batch)]
        return Service(f"LitServe, batches of {batch}", command, port, "/predict", form_type, form, "/health")

    return [hpm, lambda: litserve(1), lambda: litserve(4)]


def report(name, rates, waits, megabytes):
    waits = sorted(waits)
    print(f"{name:24}{max(rates):8.2f} images a second   p50 {1000 * waits[len(waits) // 2]:7.0f} ms   "
          f"p99 {1000 * waits[int(len(waits) * 0.99)]:7.0f} ms   {megabytes:7.0f} MB", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("image")
    arguments.add_argument("--hpm", default=".build/release/hpm")
    arguments.add_argument("--clients", type=int, default=4)
    arguments.add_argument("--seconds", type=float, default=30)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    with open(chosen.image, "rb") as file:
        photo = file.read()
    figures, answers = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        makers = services(chosen, folder, photo)
        for _ in range(chosen.rounds):
            for make in makers:
                service = make()
                try:
                    answers[service.name] = json.loads(service.losses(http.client.HTTPConnection("127.0.0.1", service.port)))["predicted_loss"]
                    rate, waits = service.measure(chosen.clients, chosen.seconds)
                    rates, all_waits, _ = figures.setdefault(service.name, ([], [], 0))
                    figures[service.name] = (rates + [rate], all_waits + waits, service.megabytes())
                finally:
                    service.stop()
    flat = [[value for row in answer for value in row] for answer in answers.values()]
    spread = max(flat[0]) - min(flat[0])
    assert all(max(abs(a - b) for a, b in zip(flat[0], other)) < 0.02 * spread for other in flat[1:]), "the services answer different losses"
    for name, (rates, waits, megabytes) in figures.items():
        report(name, rates, waits, megabytes)


if __name__ == "__main__":
    main()
