import Foundation
import TestSupport
import Testing

@testable import Service

@Suite struct ServiceConfigurationTests {
  private func resolved(
    flags: [String: String] = [:], environment: [String: String] = [:], file: [String: String] = [:]
  ) throws(ConfigurationError) -> ServiceConfiguration {
    try .resolved(flags: flags, environment: environment, file: file)
  }

  private func complaint(
    flags: [String: String] = [:], environment: [String: String] = [:], file: [String: String] = [:]
  ) -> String? {
    do {
      _ = try resolved(flags: flags, environment: environment, file: file)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `takes the flag before the environment, the file and the default`() throws {
    let file = ["port": "3"]
    let environment = ["HPM_PORT": "2"]
    #expect(try resolved(flags: ["port": "1"], environment: environment, file: file).port == 1)
    #expect(try resolved(environment: environment, file: file).port == 2)
    #expect(try resolved(file: file).port == 3)
    #expect(try resolved().port == 8080)
  }

  @Test func `ignores the address that Kubernetes sets for a service named hpm`() throws {
    #expect(try resolved(environment: ["HPM_PORT": "tcp://10.0.0.1:80"]).port == 8080)
    #expect(try resolved(environment: ["HPM_PORT": "tcp://10.0.0.1:80"], file: ["port": "9"]).port == 9)
  }

  @Test func `names the flag, the variable and the key at fault`() {
    let allowed = "but must be a whole number, 0 to 65535"
    #expect(complaint(flags: ["port": "70000"]) == "--port is \"70000\", \(allowed)")
    #expect(complaint(environment: ["HPM_PORT": "http"]) == "the environment variable HPM_PORT is \"http\", \(allowed)")
    #expect(complaint(file: ["port": "-1"]) == "the key \"port\" of the configuration file is \"-1\", \(allowed)")
  }

  @Test func `refuses a key that no option has`() {
    #expect(
      complaint(file: ["prot": "1"])?.hasPrefix("the configuration file has the key \"prot\", but an option is one of: host, port") == true)
    #expect(complaint(flags: ["prot": "1"]) == "there is no option --prot; hpm serve --help lists them")
  }

  @Test func `keeps its state where the XDG specification says`() throws {
    #expect(try resolved(environment: ["XDG_STATE_HOME": "/s", "HOME": "/h"]).home == "/s/hpm")
    #expect(try resolved(environment: ["XDG_STATE_HOME": "relative", "HOME": "/h"]).home == "/h/.local/state/hpm")
  }

  @Test func `reads texts, numbers and nulls from a file`() throws {
    let file = Array(#"{"port": 81, "host": "::1", "threads": null, "drain_delay": 0.5}"#.utf8)
    let configuration = try resolved(file: ServiceConfiguration.fileValues(file))
    #expect(configuration.port == 81)
    #expect(configuration.host == "::1")
    #expect(configuration.threads == nil)
    #expect(configuration.drainDelay == 0.5)
  }

  @Test(arguments: ["", "[]", "{\"port\": [1]}", "{\"port\": 1", "{\"port\": {\"a\": 1}}"])
  func `refuses a file that is not one object of texts and numbers`(text: String) {
    #expect(throws: ConfigurationError.self) { try ServiceConfiguration.fileValues(Array(text.utf8)) }
  }

  @Test func `prints what reads back as the same configuration`() throws {
    var configuration = ServiceConfiguration()
    configuration.port = 0
    configuration.threads = 3
    configuration.models = "/srv/\"models\""
    configuration.imageStoreLifetime = 0.25
    configuration.precision = .automatic
    let printed = try ServiceConfiguration.fileValues(Array(configuration.printed().utf8))
    #expect(try resolved(file: printed) == configuration)
  }

  @Test func `takes a certificate and its key together, or neither`() throws {
    let complaint = "--tls-certificate and --tls-key belong together; give both of them, or none"
    #expect(self.complaint(flags: ["tls-certificate": "a.pem"]) == complaint)
    #expect(self.complaint(environment: ["HPM_TLS_KEY": "a.pem"]) == complaint)
    #expect(try resolved(flags: ["tls-certificate": "a.pem"], environment: ["HPM_TLS_KEY": "b.pem"]).tlsKey == "b.pem")
  }

  @Test func `sets every limit and time-out of a message by its name`() throws {
    let options = ConfigurationOption.transport.map(\.name).filter { !$0.hasPrefix("tls-") }
    var seen: Set<ServiceConfiguration> = [ServiceConfiguration()]
    let small = ["gzip-level": "9", "max-empty-lines": "9"]
    for name in options {
      let changed = try resolved(flags: [name: small[name] ?? "1025"])
      #expect(seen.insert(changed).inserted, "--\(name) changes nothing of its own")
    }
  }

  @Test func `the page about configuration lists every option as the program does`() throws {
    let page = try String(contentsOf: Fixtures.root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
    let expected = ConfigurationOption.documentation()
    #expect(page.contains("```text\n\(expected)```\n"), "docs/configuration.md is to say:\n\(expected)")
  }

  @Test(arguments: ConfigurationOption.all.map(\.name))
  func `every option refuses an empty value`(name: String) {
    #expect(complaint(flags: [name: ""])?.hasPrefix("--\(name) is \"\"") == true)
  }
}
