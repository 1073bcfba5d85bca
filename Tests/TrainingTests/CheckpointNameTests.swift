import Testing

@testable import Training

@Suite struct CheckpointNameTests {
  private func superseded(_ names: [CheckpointName], last: Int, every: Int) -> [String] {
    CheckpointName.superseded(names, keepingLast: last, every: every).map(\.description)
  }

  @Test func `the newest stay, and one each so many epochs`() {
    let names = (1...7).map { CheckpointName(epochs: $0) }
    #expect(superseded(names.reversed(), last: 2, every: 0) == (1...5).map { "epoch-000\($0)" })
    #expect(superseded(names, last: 1, every: 3) == ["epoch-0001", "epoch-0002", "epoch-0004", "epoch-0005"])
    #expect(superseded(names, last: 9, every: 0).isEmpty)
  }

  @Test func `the newest stays whatever is asked`() {
    #expect(superseded([CheckpointName(epochs: 1)], last: 0, every: 0).isEmpty)
    #expect(superseded([CheckpointName(epochs: 0, step: 3)], last: 1, every: 5).isEmpty)
    #expect(superseded([], last: 1, every: 5).isEmpty)
  }

  @Test func `one made within an epoch goes as soon as there is a newer one, and takes no other's place`() {
    let names = [CheckpointName(epochs: 1), CheckpointName(epochs: 1, step: 30), CheckpointName(epochs: 2)]
    #expect(superseded(names, last: 2, every: 0) == ["epoch-0001-step-00000030"])
    #expect(superseded(names + [CheckpointName(epochs: 2, step: 50)], last: 2, every: 0) == ["epoch-0001-step-00000030"])
    #expect(superseded([CheckpointName(epochs: 2, step: 50), CheckpointName(epochs: 2)], last: 1, every: 0).isEmpty)
  }

  @Test(arguments: [CheckpointName(epochs: 12), CheckpointName(epochs: 12, step: 731), CheckpointName(epochs: 123_456)])
  func `a file's name says which checkpoint it belongs to`(name: CheckpointName) {
    #expect(CheckpointName(file: "\(name).safetensors") == name)
    #expect(CheckpointName(file: "\(name)") == name)
  }

  @Test(arguments: [
    "", "notes.txt", "epoch", "epoch-.pth", "epoch-1-step.pth", "epoch-1-steps-2.pth", "epoch-1-step-2-3.pth", "epoch-x.pth",
  ])
  func `other files belong to none`(file: String) { #expect(CheckpointName(file: file) == nil) }
}
