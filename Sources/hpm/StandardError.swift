import Foundation

/// Where a command tells what happens while it works.
enum StandardError {
  static func say(_ sentence: String) { FileHandle.standardError.write(Data((sentence + "\n").utf8)) }
}
