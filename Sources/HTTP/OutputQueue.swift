import Dispatch

/// Bytes that wait for the client to take them.
struct OutputQueue {
  /// What happens when everything is written.
  enum Ending {
    case none
    case shutdown
    case close
  }

  enum Progress {
    case moved
    case still
    case failed
  }

  private let socket: Socket
  private let queue: DispatchQueue
  private var pieces: [[UInt8]] = []
  private var first = 0
  private var offset = 0
  private var writer: (any DispatchSourceWrite)?
  private var isWriterRunning = false
  private var cancellation: DispatchGroup?
  private(set) var pending = 0
  private(set) var isOpen = true
  private(set) var isEnded = false
  var ending = Ending.none
  /// Called on the queue when the socket takes bytes again.
  var onWritable: (@Sendable () -> Void)?

  init(socket: Socket, queue: DispatchQueue) {
    self.socket = socket
    self.queue = queue
  }

  mutating func append(_ bytes: [UInt8]) {
    guard isOpen, !bytes.isEmpty else { return }
    pieces.append(bytes)
    pending += bytes.count
  }

  /// Writes what the socket takes, and carries out the ending when nothing is left.
  mutating func flush() -> Progress {
    let before = pending
    while first < pieces.count {
      switch socket.write(pieces[first], from: offset) {
      case .failed: return .failed
      case .wouldBlock:
        run()
        return pending < before || !hasWaited() ? .moved : .still
      case .wrote(let count): advance(count)
      }
    }
    pause()
    switch ending {
    case .none: break
    case .shutdown: socket.shutdownWriting()
    case .close: isEnded = true
    }
    if ending == .shutdown { ending = .none }
    return .moved
  }

  private var waits = false

  /// Whether the bytes have waited before; the first wait starts the clock.
  private mutating func hasWaited() -> Bool {
    defer { waits = true }
    return waits
  }

  private mutating func advance(_ count: Int) {
    pending -= count
    offset += count
    guard offset == pieces[first].count else { return }
    pieces[first] = []
    first += 1
    offset = 0
    if first == pieces.count {
      pieces.removeAll(keepingCapacity: true)
      first = 0
    }
  }

  private mutating func run() {
    guard !isWriterRunning, let onWritable else { return }
    isWriterRunning = true
    if let writer { return writer.resume() }
    let source = DispatchSource.makeWriteSource(fileDescriptor: socket.descriptor, queue: queue)
    source.setEventHandler(handler: onWritable)
    source.resume()
    writer = source
  }

  private mutating func pause() {
    waits = false
    guard isWriterRunning else { return }
    isWriterRunning = false
    writer?.suspend()
  }

  /// Gives the socket up.
  mutating func cancel() {
    isOpen = false
    pieces = []
    (first, offset, pending) = (0, 0, 0)
    onWritable = nil
    guard let writer else { return }
    let group = DispatchGroup()
    group.enter()
    writer.setCancelHandler { group.leave() }
    writer.cancel()
    if !isWriterRunning { writer.resume() }
    isWriterRunning = true
    cancellation = group
    self.writer = nil
  }

  /// Calls `action` when no Dispatch source of the output knows the socket any more.
  func whenCancelled(_ action: @escaping @Sendable () -> Void) {
    guard let cancellation else { return action() }
    cancellation.notify(queue: queue, execute: action)
  }
}
