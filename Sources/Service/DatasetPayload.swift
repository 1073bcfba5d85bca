import Jobs

/// A data set as `/datasets` shows it.
struct DatasetPayload: JSONWritable {
  let dataset: Dataset

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", dataset.name)
      json.member("origin", dataset.origin.rawValue)
      // Where an upload lies is the server's own business.
      json.member("path", dataset.origin == .path ? dataset.path : nil)
      json.member("images", dataset.count.images)
      json.member("classes", dataset.count.classes)
      json.member("passed_over", dataset.count.passedOver)
      json.member("duplicates", dataset.count.duplicates)
      json.member("bytes", dataset.bytes)
      json.member("created_at", Timestamp.text(seconds: dataset.createdAt))
    }
  }
}
