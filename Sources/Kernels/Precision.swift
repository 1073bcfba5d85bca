/// How weights and activations are stored while computing; sums, normalisation and softmax are float32 in both.
package enum Precision: String, CaseIterable, Sendable {
  case float32 = "fp32"
  case bfloat16 = "bf16"
}
