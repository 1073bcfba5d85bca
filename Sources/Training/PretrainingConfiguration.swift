package import Kernels
package import Masking

/// Everything that decides what a pre-training run computes and keeps, with the defaults of the authors' ViT-B/16 run.
///
/// ``PretrainingOption/all`` is the one table of its keys; their meanings are written there for the user too.
package struct PretrainingConfiguration: Hashable, Sendable {
  package var model = Model()
  package var data = Data()
  package var mask = Mask()
  package var target = Target()
  package var loss = Loss()
  package var optimizer = Optimizer()
  package var schedule = Schedule()
  package var evaluation = Evaluation()
  package var run = Run()

  package init() {}

  /// The network (HPM, section 3.1); by default ViT-B/16 at 224 pixels with decoders of 512 × 8.
  package struct Model: Hashable, Sendable {
    package var imageSize = ImageSize(square: 224)
    /// P, pixels on a patch's side.
    package var patchSize = 16
    package var encoderWidth = 768
    package var encoderDepth = 12
    package var encoderHeads = 12
    /// Of each of the two decoders, as are depth and heads.
    package var decoderWidth = 512
    package var decoderDepth = 8
    package var decoderHeads = 16
    /// Hidden width of a block's perceptron over the block's width.
    package var mlpRatio = 4
    package var layerNormEpsilon = 1e-6
  }

  /// Where images come from and what is done to them.
  package struct Data: Hashable, Sendable {
    /// A folder, a list or a tar; `nil` until the command line names it.
    package var path: String?
    /// Threads that decode and augment; `nil` follows the processors.
    package var loaderThreads: Int?
    /// Batches made ahead of the one in use.
    package var batchesAhead = 2
    /// Bytes of decoded images that are kept in memory.
    package var cacheBytes = 1 << 30
    /// Where the images of a compressed archive are laid out.
    package var spoolFolder = "/var/tmp"
    /// The share of images that may fail to decode before the run fails.
    package var maximumUnreadableShare = 0.01
    /// The random resized crop: share of the image's area.
    package var cropScaleMinimum = 0.2
    package var cropScaleMaximum = 1.0
    /// The random resized crop: width over height.
    package var cropRatioMinimum = 3.0 / 4
    package var cropRatioMaximum = 4.0 / 3
    package var flipProbability = 0.5
  }

  /// Which patches are hidden (HPM, section 3.3).
  package struct Mask: Hashable, Sendable {
    /// Which patches AttMask's strategy hides.
    package enum AttentionVariant: String, CaseIterable, Sendable {
      /// Those attended to most.
      case high
      /// The same, with some of them shown as hints.
      case hint
      /// Those attended to least.
      case low
    }

    /// What the teacher looks at to predict losses.
    package enum TeacherView: String, CaseIterable, Sendable {
      /// All patches, as in the paper.
      case fullVisible = "full_visible"
      /// Random masks, predictions at hidden patches averaged: the regime the predictor is trained in.
      case maskedAverage = "masked_average"
    }

    package var strategy = MaskStrategy.hard
    /// γ.
    package var ratio = 0.75
    package var alpha0 = 0.0
    package var alphaT = 0.5
    package var alphaClock = EasyToHardSchedule.Clock.epoch
    package var attentionVariant = AttentionVariant.high
    /// Of the masked patches, the share shown by variant `hint`.
    package var attentionReveal = 0.1
    package var teacherView = TeacherView.fullVisible
    /// Masks of `masked_average`.
    package var teacherViews = 8
    /// Of the visible patches, the share that reaches the encoder as a learned token only (UM-MAE).
    package var secondaryRatio = 0.0
  }

  /// What the reconstructor predicts (HPM, section 3.2).
  package struct Target: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
      /// The normalised pixels of a patch.
      case pixels
      /// The teacher's final tokens.
      case ema
      /// The final tokens of a frozen vision transformer, as DINO's.
      case dino
      /// The projected final tokens of CLIP's frozen image tower.
      case clip
    }

    package var kind = Kind.pixels
    /// Whether pixels are standardised per patch.
    package var normPix = false
    /// Where the frozen network of `dino` and `clip` is read from.
    package var file: String?
    /// SHA-256 of that file; `nil` until a run notes it.
    package var fileDigest: String?
    /// Heads of that network; `nil` where the file or its published architecture tells.
    package var heads: Int?
  }

  /// How the predicted losses are trained.
  package struct Loss: Hashable, Sendable {
    package var predicting = PredictingLoss.relative
    /// Whether 1e-6 is added inside the logarithms of the relative loss, as in the authors' program.
    package var epsLog = false
  }

  /// AdamW and the batch it sees.
  package struct Optimizer: Hashable, Sendable {
    /// Images of one optimizer step.
    package var batchSize = 2048
    /// Equal parts in which a batch is computed; divides ``batchSize``.
    package var accumulation = 64
    /// For 256 images; scaled in proportion to the batch.
    package var baseLearningRate = 1.5e-4
    /// The highest learning rate itself; `nil` follows ``baseLearningRate``.
    package var learningRate: Double?
    package var beta1 = 0.9
    package var beta2 = 0.95
    package var epsilon = 1e-8
    package var weightDecay = 0.05
    /// The largest norm of all gradients together; `nil` does not clip.
    package var clipNorm: Double? = 5
    /// Steps in a row that may be skipped for a loss that is not finite.
    package var maximumSkipped = 10
  }

  /// What changes as the run goes on.
  package struct Schedule: Hashable, Sendable {
    package var epochs = 200
    package var warmupEpochs = 40.0
    package var minimumLearningRate = 0.0
    package var emaStart = 0.999
    package var emaEnd = 0.9999
    package var emaGrowth = TeacherMomentumSchedule.Growth.epochs
    /// Epochs in which growth `epochs` takes the momentum from start to end.
    package var emaEpochs = 100
    /// Share of the run in which growth `share` does.
    package var emaShare = 0.5
  }

  /// How a run finds out whether it learns.
  package struct Evaluation: Hashable, Sendable {
    /// Epochs between evaluations; 0 evaluates at the end only.
    package var everyEpochs = 10
    /// Images kept from training.
    package var heldBackImages = 256
    /// Random masks over which the true loss is averaged (HPM, figure 2).
    package var trueLossMasks = 10
    /// Random masks of mode `masked_average`.
    package var views = 8
    /// k of the nearest-neighbour classifier.
    package var neighbours = 20
    /// Rows of the contact sheet; 0 draws none.
    package var contactSheetImages = 8
  }

  /// How a run is computed and kept.
  package struct Run: Hashable, Sendable {
    package var seed = 0
    package var precision = Precision.float32
    /// Threads that compute; `nil` follows the processors.
    package var threads: Int?
    /// Steps between lines of metrics.
    package var logEverySteps = 10
    /// Steps between saved states, beside those at the end of every epoch; 0 saves only these.
    package var stateEverySteps = 0
    /// Newest checkpoints that are kept.
    package var keepLast = 2
    /// Of older ones, those of every so many epochs are kept; 0 keeps none.
    package var keepEvery = 100
  }
}
