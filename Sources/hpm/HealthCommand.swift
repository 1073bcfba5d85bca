import ArgumentParser
import Foundation

/// `hpm health`: whether a service is ready, for the health checks of containers that have no curl.
struct HealthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Exit 0 when a service is ready to answer.",
    discussion: "Without a URL it asks the host and port of HPM_HOST and HPM_PORT, else http://127.0.0.1:8080.")

  @Argument(help: "The service, http://HOST:PORT.")
  var url: String?

  func run() throws {
    let text = url ?? Self.environmentURL(ProcessInfo.processInfo.environment)
    guard let parts = URLComponents(string: text), parts.scheme == "http", let host = parts.host, !host.isEmpty else {
      throw ValidationError("\(text) is not a URL of the form http://HOST:PORT.")
    }
    let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    do throws(ReadinessProbe.Failure) {
      let status = try ReadinessProbe(host: name, port: parts.port ?? 80).status(of: "/health/ready")
      guard status == 200 else { throw ReadinessProbe.Failure(description: "it answers \(status) to /health/ready") }
    } catch { throw CommandFailure("\(text) is not ready: \(error.description).") }
  }

  /// A service that listens on every address is asked on loopback; what Kubernetes sets for a service named `hpm` is no port.
  static func environmentURL(_ environment: [String: String]) -> String {
    let host = environment["HPM_HOST"].flatMap { ["", "0.0.0.0", "::"].contains($0) ? nil : $0 } ?? "127.0.0.1"
    let port = environment["HPM_PORT"].flatMap { Int($0) } ?? 8080
    return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}
