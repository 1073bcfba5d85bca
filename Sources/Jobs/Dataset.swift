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
  /// Of an upload's unpacked files on disk, where files of the same bytes are one.
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
  /// Images, of an upload, whose bytes are those of another, with which they share their place on the disk. ``images`` counts them.
  package let duplicates: Int

  package init(images: Int, classes: Int, passedOver: Int, duplicates: Int) {
    self.images = images
    self.classes = classes
    self.passedOver = passedOver
    self.duplicates = duplicates
  }
}

/// What is found out about a data set when it is made.
package struct DatasetFindings: Sendable, Hashable {
  package let count: DatasetCount
  /// A picture of some of the images as a PNG file; `nil` where none of them decodes.
  package let thumbnails: [UInt8]?

  package init(count: DatasetCount, thumbnails: [UInt8]?) {
    self.count = count
    self.thumbnails = thumbnails
  }
}

/// Looks at the images at a path; throws ``DatasetError`` where there are none, or they cannot be read.
package typealias DatasetSurvey = @Sendable (_ path: String, _ origin: Dataset.Origin) throws(DatasetError) -> DatasetFindings

extension Dataset: FetchableRecord {
  package init(row: Row) throws {
    name = row["name"]
    // The table's CHECK admits no other words.
    origin = Origin(rawValue: row["origin"]) ?? .path
    path = row["path"]
    count = DatasetCount(
      images: row["images"], classes: row["classes"], passedOver: row["passed_over"], duplicates: row["duplicates"])
    bytes = row["bytes"]
    createdAt = row["created_at"]
  }
}
