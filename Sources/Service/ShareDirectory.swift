import Foundation

/// Finds the files that the program brings.
package enum ShareDirectory {
  /// `--share`, else `../share/hpm` beside the executable, else the source tree that the executable was built in; `nil` where none is there.
  package static func find(_ configuration: ServiceConfiguration, executable: String) -> String? {
    if let share = configuration.share { return share }
    let folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
    let installed = folder.deletingLastPathComponent().appendingPathComponent("share/hpm").path
    if FileManager.default.fileExists(atPath: installed) { return installed }
    var candidate = folder
    while candidate.pathComponents.count > 1 {
      let isSourceTree = ["Package.swift", "Public"].allSatisfy {
        FileManager.default.fileExists(atPath: candidate.appendingPathComponent($0).path)
      }
      if isSourceTree { return candidate.path }
      candidate = candidate.deletingLastPathComponent()
    }
    return nil
  }

  /// The folder of the page's files inside a share folder.
  package static func page(in share: String) -> String { share + "/Public" }
}
