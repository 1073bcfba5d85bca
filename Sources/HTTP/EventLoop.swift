import CLinux
import Dispatch
import Glibc
import Synchronization

/// A serial queue on which the events of many sockets are handled.
///
/// Dispatch watches one descriptor, the kernel's set of all the sockets (epoll(7)), and one wake-up serves every socket that is ready by then.
/// A Dispatch source for each socket costs two changes of threads for each request, more than answering a short one takes. For the same reason
/// the queue waits for the next event by itself for a moment before it goes back to Dispatch.
///
/// `@unchecked`: everything mutable is touched on `queue` alone.
final class EventLoop: @unchecked Sendable {
  private static let eventsPerCall = 64
  /// The number of the socket that wakes the queue.
  private static let alarm: UInt64 = 0
  private static let current = DispatchSpecificKey<ObjectIdentifier>()

  private let queue = DispatchQueue(label: "hpm.http.loop")
  private let patience: Int32
  private let set: Int32
  /// An eventfd(2) in the set, which ends a wait where something else is to be done.
  private let wake: Int32
  /// What was asked for and has not begun.
  private let asked = Atomic(0)
  private let isWaiting = Atomic(false)
  private let source: any DispatchSourceRead
  /// By a number that is never used twice, so that an event which was fetched before its socket was closed finds nobody.
  private var watches: [UInt64: SocketWatch] = [:]
  private var lastNumber: UInt64 = 0

  /// `nil` where no descriptor is left; `errno` says why.
  ///
  /// - Parameter patience: How long the queue waits for the next event by itself, in milliseconds; negative: for ever.
  init?(patience: Int32 = 10) {
    self.patience = patience
    let (set, wake) = (epoll_create1(Int32(EPOLL_CLOEXEC)), eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)))
    var alarm = epoll_event()
    alarm.events = EPOLLIN.rawValue
    alarm.data.u64 = Self.alarm
    guard set >= 0, wake >= 0, epoll_ctl(set, EPOLL_CTL_ADD, wake, &alarm) == 0 else {
      let reason = errno
      for descriptor in [set, wake] where descriptor >= 0 { _ = close(descriptor) }
      errno = reason
      return nil
    }
    (self.set, self.wake) = (set, wake)
    source = DispatchSource.makeReadSource(fileDescriptor: set, queue: queue)
    queue.setSpecific(key: Self.current, value: ObjectIdentifier(self))
    source.setEventHandler { [weak self] in self?.handleEvents() }
    source.setCancelHandler { for descriptor in [set, wake] { _ = close(descriptor) } }
    source.resume()
  }

  deinit { source.cancel() }

  /// Whether the caller runs on the loop's queue.
  var isCurrent: Bool { DispatchQueue.getSpecific(key: Self.current) == ObjectIdentifier(self) }

  /// Does `work` on the queue, after what was asked for before.
  func async(_ work: @escaping @Sendable () -> Void) {
    asked.add(1, ordering: .sequentiallyConsistent)
    queue.async { [self] in
      asked.subtract(1, ordering: .sequentiallyConsistent)
      work()
    }
    // Either the loop sees what was asked before it waits, or it is seen here to wait.
    if isWaiting.load(ordering: .sequentiallyConsistent) { eventfd_write(wake, 1) }
  }

  private var isAsked: Bool { asked.load(ordering: .sequentiallyConsistent) > 0 }

  private func handleEvents() {
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventsPerCall) { events in
      repeat {
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        let count = epoll_wait(set, events.baseAddress, Int32(events.count), isAsked ? 0 : patience)
        isWaiting.store(false, ordering: .sequentiallyConsistent)
        guard count > 0 else { return }
        for event in events[..<Int(count)] { happened(event) }
      } while !isAsked
    }
  }

  private func happened(_ event: epoll_event) {
    guard event.data.u64 != Self.alarm else {
      var count: eventfd_t = 0
      eventfd_read(wake, &count)
      return
    }
    watches[event.data.u64]?.happened(SocketEvents(happened: event.events))
  }

  /// A number for a watch that begins.
  fileprivate func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  /// Has the kernel wait for other events of a socket than before; whether it does.
  fileprivate func change(_ watch: SocketWatch, from old: SocketEvents, to new: SocketEvents) -> Bool {
    // A socket of which nothing is awaited leaves the set: the kernel would tell of its hang-up again and again.
    let operation = new.isEmpty ? EPOLL_CTL_DEL : old.isEmpty ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
    var event = epoll_event()
    event.events = new.awaited
    event.data.u64 = watch.number
    watches[watch.number] = new.isEmpty ? nil : watch
    return epoll_ctl(set, operation, watch.descriptor, &event) == 0
  }
}

/// What may happen to a socket.
struct SocketEvents: OptionSet {
  let rawValue: UInt8
  /// There is something to read, be it the end or an error.
  static let reading = SocketEvents(rawValue: 1)
  /// There is room to write, or writing tells of an error.
  static let writing = SocketEvents(rawValue: 2)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// What the kernel tells; an error or a hang-up, of which it tells unasked, is found by reading as by writing.
  fileprivate init(happened events: UInt32) {
    let isBroken = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
    self = []
    if isBroken || events & EPOLLIN.rawValue != 0 { insert(.reading) }
    if isBroken || events & EPOLLOUT.rawValue != 0 { insert(.writing) }
  }

  fileprivate var awaited: UInt32 { (contains(.reading) ? EPOLLIN.rawValue : 0) | (contains(.writing) ? EPOLLOUT.rawValue : 0) }
}

/// One socket's place in a loop; touched on the loop's queue alone.
final class SocketWatch {
  fileprivate let descriptor: Int32
  fileprivate let number: UInt64
  private let loop: EventLoop
  private var awaited: SocketEvents = []
  private var handler: ((SocketEvents) -> Void)?

  /// - Parameter handler: Called on the loop's queue with what happened of what was awaited.
  init(_ descriptor: Int32, in loop: EventLoop, handler: @escaping (SocketEvents) -> Void) {
    self.descriptor = descriptor
    self.loop = loop
    self.handler = handler
    number = loop.nextNumber()
  }

  /// Waits for these events from now on, again and again; whether the kernel has room for that.
  func wait(for events: SocketEvents) -> Bool {
    guard handler != nil, events != awaited else { return true }
    defer { awaited = events }
    return loop.change(self, from: awaited, to: events)
  }

  /// Waits for nothing any more; must come before the socket is closed.
  func end() {
    _ = wait(for: [])
    handler = nil
  }

  fileprivate func happened(_ events: SocketEvents) {
    let events = events.intersection(awaited)
    if !events.isEmpty { handler?(events) }
  }
}
