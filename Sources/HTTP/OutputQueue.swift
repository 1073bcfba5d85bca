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
  private var pieces: [[UInt8]] = []
  private var first = 0
  private var offset = 0
  private(set) var pending = 0
  private(set) var isOpen = true
  private(set) var isEnded = false
  /// Whether the socket takes no more bytes for now.
  private(set) var isBlocked = false
  var ending = Ending.none

  init(socket: Socket) { self.socket = socket }

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
        // The first wait starts the clock.
        defer { isBlocked = true }
        return pending < before || !isBlocked ? .moved : .still
      case .wrote(let count): advance(count)
      }
    }
    isBlocked = false
    switch ending {
    case .none: break
    case .shutdown: socket.shutdownWriting()
    case .close: isEnded = true
    }
    if ending == .shutdown { ending = .none }
    return .moved
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

  /// Forgets what waits and takes nothing more.
  mutating func giveUp() {
    isOpen = false
    pieces = []
    (first, offset, pending) = (0, 0, 0)
    isBlocked = false
  }
}
