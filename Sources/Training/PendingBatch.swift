/// A batch in the making; its loader's lock guards it.
struct PendingBatch {
  let position: BatchPosition
  /// The epoch's order.
  let order: [Int]
  /// The places of that order which the batch takes.
  let places: Range<Int>
  let storage: PixelStorage
  /// How many images have been given to threads.
  private(set) var started = 0
  private var finished = 0
  private var outcomes: [ImageReader.Outcome?]

  init(position: BatchPosition, order: [Int], places: Range<Int>, storage: PixelStorage) {
    self.position = position
    self.order = order
    self.places = places
    self.storage = storage
    outcomes = Array(repeating: nil, count: places.count)
  }

  var isComplete: Bool { finished == places.count }

  /// The next image to make, counted within the batch.
  mutating func start() -> Int? {
    guard started < places.count else { return nil }
    defer { started += 1 }
    return started
  }

  mutating func finish(_ slot: Int, _ outcome: ImageReader.Outcome) {
    outcomes[slot] = outcome
    finished += 1
  }

  /// What became of every image, in order; only of a complete batch.
  var results: [ImageReader.Outcome] { outcomes.compactMap(\.self) }
}
