import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import Service

/// One sample as a scraper reads it.
private struct Sample {
  let name: String
  let labels: [String: String]
  let value: Double
}

/// The text exposition format, read strictly.
private struct Exposition {
  var samples: [Sample] = []
  var kinds: [String: String] = [:]

  init(_ text: String) throws {
    #expect(text.hasSuffix("\n") && !text.contains("\n\n"))
    var family = ""
    for line in text.split(separator: "\n") {
      if let match = line.wholeMatch(of: /# HELP ([a-z_]+) (.+)/) {
        family = String(match.1)
        #expect(kinds[family] == nil, "\(family) begins twice")
      } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge|histogram)/) {
        #expect(String(match.1) == family)
        kinds[family] = String(match.2)
      } else {
        let match = try #require(line.wholeMatch(of: /([a-z_]+)(?:\{(.*)\})? (\S+)/), "\(line)")
        let name = String(match.1)
        #expect(name == family || (kinds[family] == "histogram" && ["_bucket", "_sum", "_count"].contains { name == family + $0 }))
        let pairs = (match.2 ?? "").matches(of: /([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)/).map { (String($0.1), String($0.2)) }
        let value = match.3 == "+Inf" ? Double.infinity : try #require(Double(match.3), "\(line)")
        samples.append(Sample(name: name, labels: Dictionary(uniqueKeysWithValues: pairs), value: value))
      }
    }
  }

  func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    samples.first { $0.name == name && $0.labels == labels }?.value
  }
}

@Suite struct MetricsTests {
  private func scrape(_ harness: Harness) async throws -> Exposition {
    let reply = try await harness.send(.get, "/metrics")
    #expect(reply.status == 200 && reply.head.headerFields[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
    return try Exposition(reply.text)
  }

  @Test func `have every name of the contract, and the process's`() async throws {
    let kinds = try await scrape(await Harness()).kinds
    let contract = [
      "hpm_http_requests_total": "counter", "hpm_http_request_duration_seconds": "histogram", "hpm_inference_stage_seconds": "histogram",
      "hpm_batch_images": "histogram", "hpm_queue_images": "gauge", "hpm_queue_limit_images": "gauge", "hpm_rejected_total": "counter",
      "hpm_model_ready": "gauge", "hpm_build_info": "gauge", "process_resident_memory_bytes": "gauge",
      "process_cpu_seconds_total": "counter",
      "process_open_fds": "gauge", "process_start_time_seconds": "gauge",
    ]
    for (name, kind) in contract { #expect(kinds[name] == kind, "\(name)") }
  }

  @Test func `have every name that the alerts and the dashboard ask for`() async throws {
    let kinds = try await scrape(try await JobHarness(running: 0).service).kinds
    for file in ["alerts.yaml", "grafana-dashboard.json"] {
      let text = try String(contentsOf: Fixtures.root.appendingPathComponent("deploy/prometheus/\(file)"), encoding: .utf8)
      let names = Set(text.matches(of: /(?:hpm|process)_[a-z_]+/).map { String($0.output) })
      #expect(names.count > 2)
      for name in names where kinds[name] == nil {
        let family = name.replacing(/_(?:bucket|sum|count)$/, with: "")
        #expect(kinds[family] == "histogram", "\(file) asks for \(name)")
      }
    }
  }

  @Test func `count requests by template, never by path, and methods that nobody knows as other`() async throws {
    let harness = await Harness()
    for target in ["/models/brightness", "/models/none", "/nothing/1", "/nothing/2"] { _ = try await harness.send(.get, target) }
    _ = try await harness.send(try #require(HTTPRequest.Method(rawValue: "BREW")), "/mask")
    let text = try await scrape(harness)
    let total = "hpm_http_requests_total"
    #expect(text.value(total, ["route": "/models/{name}", "method": "GET", "status": "404"]) == 1)
    #expect(text.value(total, ["route": "none", "method": "GET", "status": "404"]) == 2)
    #expect(text.value(total, ["route": "/mask", "method": "other", "status": "501"]) == 1)
    #expect(text.value("hpm_http_request_duration_seconds_count", ["route": "none"]) == 2)
    #expect(text.value("hpm_http_requests_in_flight") == 1, "this one")
  }

  @Test func `measure the stages of an answer by model`() async throws {
    let harness = await Harness()
    _ = try await harness.send(.post, "/predict-loss", body: Arrays.floats(count: 2, rows: 2, columns: 3) { _, _ in 1 })
    let text = try await scrape(harness)
    for stage in ["decode", "preprocess", "queue", "compute", "render"] {
      let labels = ["model": "brightness", "stage": stage]
      #expect(text.value("hpm_inference_stage_seconds_count", labels) == 1)
      #expect(text.value("hpm_inference_stage_seconds_bucket", labels.merging(["le": "+Inf"]) { $1 }) == 1)
    }
    #expect(text.value("hpm_inference_stage_seconds_sum", ["model": "brightness", "stage": "compute"]) == 0.002)
  }

  @Test func `have buckets that add up`() throws {
    let metrics = ServiceMetrics()
    for images in [1, 2, 3, 300] { metrics.computed(images: images, model: "a") }
    let text = try Exposition(String(decoding: metrics.text(), as: UTF8.self))
    let buckets = text.samples.filter { $0.name == "hpm_batch_images_bucket" }.map(\.value)
    #expect(buckets == [1, 2, 3, 3, 3, 3, 3, 3, 3, 4])
    #expect(text.value("hpm_batch_images_count", ["model": "a"]) == 4 && text.value("hpm_batch_images_sum", ["model": "a"]) == 306)
  }

  @Test func `show what waits for a model until the model leaves`() throws {
    let metrics = ServiceMetrics()
    metrics.queued(images: 3, limit: 64, model: "a")
    metrics.queued(images: 0, limit: 64, model: "b")
    metrics.forgetQueue(of: "a")
    let text = try Exposition(String(decoding: metrics.text(), as: UTF8.self))
    #expect(text.value("hpm_queue_images", ["model": "b"]) == 0 && text.value("hpm_queue_limit_images", ["model": "b"]) == 64)
    #expect(text.value("hpm_queue_images", ["model": "a"]) == nil && text.value("hpm_queue_limit_images", ["model": "a"]) == nil)
  }

  @Test func `count what was turned away by reason, from nought`() async throws {
    let harness = await Harness([])
    _ = try await harness.send(.post, "/predict-loss", body: [1])
    let text = try await scrape(harness)
    #expect(text.value("hpm_rejected_total", ["reason": "no_model"]) == 1)
    for reason in RejectionReason.allCases where reason != .noModel {
      #expect(text.value("hpm_rejected_total", ["reason": reason.rawValue]) == 0)
    }
  }

  @Test func `count a deadline once, however the work ends`() async throws {
    let (never, continuation) = AsyncStream.makeStream(of: Void.self)
    var engine = BrightnessEngine()
    engine.before = {
      for await _ in never {}
      withExtendedLifetime(continuation) {}
      throw CancellationError()
    }
    let harness = await Harness([engine])
    let body = Arrays.floats(count: 1, rows: 2, columns: 2) { _, _ in 1 }
    let timeout = try #require(HTTPField.Name("Request-Timeout"))
    #expect(try await harness.send(.post, "/predict-loss", [timeout: "0.05"], body: body).status == 504)
    #expect(try await scrape(harness).value("hpm_rejected_total", ["reason": "deadline"]) == 1)
  }

  @Test func `count what the server refused by itself, and the log says why`() async throws {
    let log = TestLog()
    let harness = await Harness(log: log)
    let port = try harness.application.start()
    let refusal = try await withBlockingThread {
      let client = try LoopbackClient(port: port)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
      return try client.response()
    }
    #expect(refusal.status == 400)
    #expect(try await scrape(harness).value("hpm_http_refusals_total", ["status": "400"]) == 1)
    let line = try #require(try log.records("refused").first)
    #expect(line["reason"] as? String == "there is more than one Host field" && line["status"] as? Int == 400)
    #expect(line["request_id"] as? String == refusal["X-Request-Id"])
    await harness.application.drain()
  }

  @Test func `say which models answer`() async throws {
    let text = try await scrape(await Harness([BrightnessEngine(name: "b"), BrightnessEngine(name: "a")]))
    #expect(text.value("hpm_model_ready", ["model": "a"]) == 1 && text.value("hpm_model_ready", ["model": "b"]) == 1)
  }

  @Test func `know the process as the system does`() throws {
    let text = try Exposition(String(decoding: ServiceMetrics().text(), as: UTF8.self))
    let started = try #require(text.value("process_start_time_seconds"))
    #expect(started < Date().timeIntervalSince1970 + 2 && started > Date().timeIntervalSince1970 - 86_400)
    #expect(try #require(text.value("process_resident_memory_bytes")) > 1e6)
    #expect(try #require(text.value("process_cpu_seconds_total")) > 0)
    let before = try #require(text.value("process_open_fds"))
    let handles = (0..<10).compactMap { _ in FileHandle(forReadingAtPath: "/dev/null") }
    let after = try #require(
      Exposition(String(decoding: ServiceMetrics().text(), as: UTF8.self)).value("process_open_fds"))
    #expect(handles.count == 10 && after >= before + 5, "other tests of this process open and close descriptors as well")
  }

  @Test func `escape labels`() throws {
    var text = MetricsText()
    let family = MetricFamily("hpm_test", "A test.", by: ["text"])
    text.begin(family, .gauge)
    text.sample(family, ["a\"b\\c\nd"], 0.25)
    #expect(
      String(decoding: text.bytes, as: UTF8.self)
        == "# HELP hpm_test A test.\n# TYPE hpm_test gauge\nhpm_test{text=\"a\\\"b\\\\c\\nd\"} 0.25\n")
  }
}
