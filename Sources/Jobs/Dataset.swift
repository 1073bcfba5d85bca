package import GRDB

/// A data set as the database has it.
package struct Dataset: Sendable, Hashable {
  /// Where its files come from.
  package enum Origin: String, Sendable {
    /// An archive that was uploaded and unpacked into the home.
    case upload
    /// A folder or file of the operator's, which is never changed.
    case path
  }

  package let name: String
  package let origin: Origin
  package let path: String
  package let count: DatasetCount
  /// Of an upload's unpacked files.
  package let bytes: Int?
  /// Seconds since 1970.
  package let createdAt: Double
}

/// What is in a data set.
package struct DatasetCount: Sendable, Hashable {
  package let images: Int
  /// Folders, each of which is a class; 0 where there are none.
  package let classes: Int
  /// Files that are no images.
  package let passedOver: Int

  package init(images: Int, classes: Int, passedOver: Int) {
    self.images = images
    self.classes = classes
    self.passedOver = passedOver
  }
}

/// Counts the images at a path; throws ``DatasetError`` where there are none, or they cannot be read.
package typealias DatasetSurvey = @Sendable (_ path: String) throws(DatasetError) -> DatasetCount

extension Dataset: FetchableRecord {
  package init(row: Row) throws {
    name = row["name"]
    // The table's CHECK admits no other words.
    origin = Origin(rawValue: row["origin"]) ?? .path
    path = row["path"]
    count = DatasetCount(images: row["images"], classes: row["classes"], passedOver: row["passed_over"])
    bytes = row["bytes"]
    createdAt = row["created_at"]
  }
}
