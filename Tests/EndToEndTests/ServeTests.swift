import Foundation
import Images
import TestSupport
import Testing

/// The service as its operator meets it.
@Suite(.serialized) struct ServeTests {
  @Test func `health is 0 for a live service and 1 for what is none`() async throws {
    try await ServedProgram.with { service in
      let live = try await Program.run(["health", service.url])
      #expect(live.status == 0 && live.text == "" && live.errors == "")
    }
    let port = try FreePort()
    let dead = try await Program.run(["health", "http://127.0.0.1:\(port.number)"])
    #expect(dead.status == 1 && dead.text == "")
    #expect(dead.errors.contains("http://127.0.0.1:\(port.number) is not ready: nothing answers there"))
  }

  @Test func `a service whose model cannot be loaded lives, is not ready, and says why`() async throws {
    try await Samples.withFolder { folder in
      let path = folder.appendingPathComponent("broken.safetensors").path
      try Data("no tensors".utf8).write(to: URL(fileURLWithPath: path))
      try await ServedProgram.with(["--model", path]) { service in
        #expect(try await service.ask("GET", "/health/live").status == 200)
        let health = try await Program.run(["health", service.url])
        #expect(health.status == 1 && health.errors.contains("it answers 503 to /health/ready"))
        let models = try await service.ask("GET", "/models/broken")
        #expect(models.text.contains(#""state":"failed""#))
        let refused = try await service.ask("POST", "/predict-loss", body: Samples.photo)
        #expect(refused.status == 503 && refused["Content-Type"] == "application/problem+json")
        #expect(try await service.ask("GET", "/mask?ratio=0.75").status == 200, "a bare mask needs no model")
      }
      let check = try await Program.run(["serve", "--check", "--model", path])
      #expect(check.status == 1 && check.errors.contains(path))
    }
  }

  @Test func `a port in use is a sentence and status 1`() async throws {
    try await ServedProgram.with { service in
      let second = try await Program.run(["serve", "--port", "\(service.port)"])
      #expect(second.status == 1)
      #expect(second.errors.contains("127.0.0.1") && second.errors.contains("\(service.port)") && second.errors.contains("in use"))
    }
  }

  @Test func `the configuration is printed and checked without serving`() async throws {
    let printed = try await Program.run(["serve", "--print-config", "--port", "9000", "--max-images", "7"])
    #expect(printed.status == 0 && printed.text.contains("9000") && printed.errors == "")
    let checked = try await Program.run(["serve", "--check"])
    #expect(checked.status == 0 && checked.text == "model tiny128 version 1: ready\n")
  }

  @Test func `the log is JSON for a pipe and words where they are asked for`() async throws {
    let lines = try await ServedProgram.with { _ = try await $0.ask("GET", "/mask") }.errors.split(separator: "\n")
    for line in lines { #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(line)") }
    let words = try await ServedProgram.with(["--log-format", "text"]) { service in
      _ = try await service.ask("GET", "/mask")
      #expect(try await service.line(with: "hpm serves on")?.hasSuffix(service.url) == true)
    }
    #expect(words.errors.contains(/info request method=GET .*route=\/mask .*status=200/))
  }

  @Test func `a request in flight when the order to stop comes is answered`() async throws {
    try await ServedProgram.with { service in
      let client = try LoopbackClient(port: service.port, timeout: 60)
      try client.send("POST /predict-loss?format=png HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(Samples.photo.count)\r\n\r\n")
      try client.send(Array(Samples.photo.prefix(100)))
      // The bytes are in the kernel's hands in order, so a later connection's answer says that these have arrived.
      #expect(try await service.ask("GET", "/health/live").status == 200)
      service.terminate()
      try client.send(Array(Samples.photo.dropFirst(100)))
      #expect(try await withBlockingThread { try client.response().status } == 200)
    }
  }

  @Test func `PNG answers have the pixels that were asked for`() async throws {
    try await ServedProgram.with { service in
      for (target, size) in [
        ("/predict-loss?format=png&size=128", [128, 128]), ("/predict-loss?format=png&fit=stretch&view=overlay", [96, 64]),
        ("/mask?format=png&view=masked&scale=16", [128, 128]), ("/mask?format=png", [128, 128]),
      ] {
        let reply = try await service.ask("POST", target, body: Samples.photo)
        #expect(reply.status == 200 && reply["Content-Type"] == "image/png")
        let picture = try ImageDecoder.decode(reply.body).image
        #expect([picture.width, picture.height] == size, "\(target)")
      }
      let strip = try await service.ask("POST", "/reconstruct", accept: "image/png", body: Samples.photo)
      let picture = try ImageDecoder.decode(strip.body).image
      #expect(picture.width > 4 * picture.height, "five panels, side by side")
    }
  }

  @Test(arguments: [
    ("POST", "/predict-loss?alfa=1", 400, "alfa"), ("POST", "/predict-loss?mode=best", 400, "mode"),
    ("GET", "/mask?strategy=hard", 422, ""),
    ("GET", "/nothing", 404, ""), ("DELETE", "/mask", 405, ""), ("POST", "/predict-loss?model=other", 404, ""),
  ])
  func `errors are problems with a sentence`(method: String, target: String, status: Int, parameter: String) async throws {
    try await ServedProgram.with { service in
      let reply = try await service.ask(method, target, body: method == "POST" ? Samples.photo : [])
      #expect(reply.status == status && reply["Content-Type"] == "application/problem+json")
      let problem = try ServiceJSON.decode(ServiceJSON.Problem.self, reply.body)
      #expect(problem.status == status && !problem.detail.isEmpty)
      if !parameter.isEmpty { #expect(problem.parameter == parameter) }
    }
  }

  @Test func `hostile bodies are refused and the service goes on`() async throws {
    try await ServedProgram.with { service in
      let cut = Array(Samples.photo.prefix(Samples.photo.count / 2))
      for (body, status) in [(Array("Dear model,".utf8), 415), (cut, 422), ([0xFF, 0xD8, 0xFF, 0xE0], 422)] {
        let refused = try await service.ask("POST", "/predict-loss", body: body)
        #expect(refused.status == status)
      }
      let answered = try await service.ask("POST", "/predict-loss", body: Samples.photo)
      #expect(answered.status == 200)
    }
  }
}
