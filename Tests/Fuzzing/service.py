"""Sends a running service what boofuzz makes of request lines and header fields: python3 service.py HPM [--seconds 60] [--findings FOLDER]

The service has a free port of loopback and a home of its own. After every case it must still run and have said nothing, or something
that is HTTP and no 500; at the end it must leave in order, with no word of a sanitizer in its log. Cases that break this are written to
the folder of findings. Ends with 1 where there are any.
"""
import argparse
import collections
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from boofuzz import Block, Delim, FuzzLoggerText, Group, Request, Session, Static, String, Target, TCPSocketConnection

FIELDS = {
    "Host": "localhost", "Content-Length": "3", "Transfer-Encoding": "chunked", "Content-Type": "multipart/form-data; boundary=b",
    "Content-Encoding": "gzip", "Expect": "100-continue", "Connection": "keep-alive, x", "Accept": "image/png;q=0.5, */*",
    "Accept-Encoding": "gzip;q=1.0", "Range": "bytes=0-9", "If-None-Match": 'W/"a", "b"', "If-Match": '"a"',
    "Authorization": "Bearer hpm_ada_" + "0a" * 32, "Request-Timeout": "5", "X-Request-Id": "a.b-c",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Origin": "http://localhost", "Last-Event-ID": "3",
    "Idempotency-Key": "k", "Inference-Header-Content-Length": "2",
}


def request_line():
    return Request("line", children=(
        Block("first", children=(
            Group("method", values=["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"]), Delim("gap", " "),
            String("path", "/mask"), Delim("mark", "?"), String("name", "ratio"), Delim("equals", "="), String("value", "0.75"),
            Delim("space", " "), String("protocol", "HTTP"), Delim("slash", "/"), String("version", "1.1"), Delim("end", "\r\n"))),
        Static("rest", "Host: localhost\r\nConnection: close\r\n\r\n")))


def field(name, value):
    host = "" if name == "Host" else "Host: localhost\r\n"
    identifier = name.lower()
    return Request(identifier, children=(
        Static("first", f"POST /mask?ratio=0.5 HTTP/1.1\r\n{host}"), String("name", name), Delim("colon", ":"), Delim("gap", " "),
        String("value", value), Delim("end", "\r\n"), Static("rest", "\r\n3\r\nabc\r\n0\r\n\r\n")))


class Service:
    """`hpm serve`, and what it says beside its lines of requests."""

    def __init__(self, program, home):
        command = [program, "serve", "--port", "0", "--home", home, "--drain-delay", "0", "--log-format", "text"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HPM_")}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment)
        self.log = []
        self.is_ready = threading.Event()
        greeting = next(match for line in self.process.stderr if (match := re.search(r"listening .*port=(\d+)", line)))
        self.port = int(greeting.group(1))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.is_ready.wait(120)

    def read(self):
        for line in self.process.stderr:
            if "model ready" in line:
                self.is_ready.set()
            if not re.search(r" (request|refused)\b", line):
                self.log.append(line)
        self.is_ready.set()

    def resident_megabytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) // 1024

    def stop(self):
        """What was wrong with how it left."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.reader.join(60)
        faults = [] if status == 0 else [f"the service left with status {status}"]
        if any("Sanitizer" in line for line in self.log):
            faults.append("a sanitizer spoke:\n" + "".join(self.log))
        return faults


class TimeIsUp(KeyboardInterrupt):
    """boofuzz ends a session for no other reason."""


class Campaign:
    """Mutations of one request until its time is up."""

    def __init__(self, service, scratch, findings):
        self.service, self.scratch, self.findings = service, scratch, findings
        self.cases = collections.Counter()
        self.faults = []

    def run(self, request, seconds):
        end = time.monotonic() + seconds

        def judge(target, fuzz_data_logger, session, sock, *arguments, **named):
            answer = session.last_recv or b""
            status = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
            self.cases[int(status.group(1)) if status else "silence"] += 1
            if self.service.process.poll() is not None or (answer and not status) or (status and status.group(1) == b"500"):
                path = os.path.join(self.findings, f"service-{request.name}-{session.total_mutant_index}")
                with open(path, "wb") as file:
                    file.write(session.last_send or b"")
                self.faults.append(f"{path} was answered {answer[:200]!r}")
                raise TimeIsUp
            if time.monotonic() > end:
                raise TimeIsUp

        connection = TCPSocketConnection("127.0.0.1", self.service.port, send_timeout=5, recv_timeout=0.1)
        with open(os.path.join(self.scratch, "boofuzz.log"), "w") as log:
            session = Session(
                target=Target(connection=connection), web_port=None, fuzz_loggers=[FuzzLoggerText(file_handle=log)],
                post_test_case_callbacks=[judge], receive_data_after_fuzz=True, db_filename=os.path.join(self.scratch, f"{request.name}.db"),
                ignore_connection_reset=True, ignore_connection_aborted=True, crash_threshold_request=10**9, crash_threshold_element=10**9)
            session.connect(request)
            try:
                session.fuzz(max_depth=1)
            except TimeIsUp:
                pass


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--findings", default=".")
    chosen = arguments.parse_args()
    requests = [request_line()] + [field(name, value) for name, value in FIELDS.items()]
    with tempfile.TemporaryDirectory() as scratch:
        service = Service(chosen.program, os.path.join(scratch, "home"))
        campaign, first = Campaign(service, scratch, chosen.findings), service.resident_megabytes()
        for request in requests:
            campaign.run(request, chosen.seconds / len(requests))
            if campaign.faults:
                break
        last = service.resident_megabytes() if service.process.poll() is None else 0
        faults = campaign.faults + service.stop()
    answers = ", ".join(f"{count} × {status}" for status, count in campaign.cases.most_common())
    print(f"service      {sum(campaign.cases.values()):10d} requests: {answers}; memory {first}Mb to {last}Mb  {'FOUND' if faults else 'nothing found'}")
    for fault in faults:
        print("  " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
