extension PretrainingOption {
  /// Every option, in the order of `config.json` and of the documentation; the options of a group stand together.
  package static let all: [PretrainingOption] =
    model + data + mask + target + loss + optimizer + schedule + evaluation + run

  private static let widths = 1...65_536
  private static let counts = 1...1_000_000

  private static let model: [PretrainingOption] = [
    Self("model.image_size", \.model.imageSize, .imageSize, "Pixels of the images the network takes; divisible by the patch size."),
    Self("model.patch_size", \.model.patchSize, .integer(1...1024), "Pixels on a patch's side."),
    Self("model.encoder_width", \.model.encoderWidth, .integer(widths), "Numbers a token in the encoder; divisible by its heads and by 4."),
    Self("model.encoder_depth", \.model.encoderDepth, .integer(1...1024), "Blocks of the encoder."),
    Self("model.encoder_heads", \.model.encoderHeads, .integer(1...1024), "Attention heads of the encoder."),
    Self(
      "model.decoder_width", \.model.decoderWidth, .integer(widths),
      "Numbers a token in both decoders; divisible by their heads and by 4."),
    Self("model.decoder_depth", \.model.decoderDepth, .integer(1...1024), "Blocks of the reconstructor, and of the loss predictor."),
    Self("model.decoder_heads", \.model.decoderHeads, .integer(1...1024), "Attention heads of both decoders."),
    Self("model.mlp_ratio", \.model.mlpRatio, .integer(1...64), "Hidden width of a block's perceptron over the block's width."),
    Self(
      "model.layer_norm_epsilon", \.model.layerNormEpsilon, .number(1e-12...1e-2), "Added to the variance in every layer normalisation."),
  ]

  private static let data: [PretrainingOption] = [
    Self(
      "data.path", \.data.path, .orNull(.text("a folder, a list file or a tar"), "named by --data"),
      "The images; --data on the command line says the same."),
    Self(
      "data.loader_threads", \.data.loaderThreads, .orNull(.integer(1...1024), "as the processors allow"),
      "Threads that decode and augment; the batches do not depend on it."),
    Self("data.batches_ahead", \.data.batchesAhead, .integer(1...1024), "Batches made ahead of the one in use: the bound on memory."),
    Self("data.cache_bytes", \.data.cacheBytes, .integer(0...(1 << 50)), "Bytes of decoded images that are kept in memory."),
    Self(
      "data.spool_folder", \.data.spoolFolder, .text("a folder"),
      "Where the images of a compressed archive are laid out, in a file that vanishes with the process."),
    Self(
      "data.max_unreadable_share", \.data.maximumUnreadableShare, .share, "Share of images that may fail to decode before the run fails."),
    Self("data.crop_scale_min", \.data.cropScaleMinimum, .number(1e-6...1), "Random resized crop: least share of the image's area."),
    Self("data.crop_scale_max", \.data.cropScaleMaximum, .number(1e-6...1), "Random resized crop: greatest share of the image's area."),
    Self("data.crop_ratio_min", \.data.cropRatioMinimum, .number(1e-3...1e3), "Random resized crop: least width over height."),
    Self("data.crop_ratio_max", \.data.cropRatioMaximum, .number(1e-3...1e3), "Random resized crop: greatest width over height."),
    Self("data.flip_probability", \.data.flipProbability, .share, "How often an image is mirrored."),
  ]

  private static let mask: [PretrainingOption] = [
    Self(
      "mask.strategy", \.mask.strategy, .choice,
      "How masked patches are chosen: by greatest (hard) or least (easy) predicted loss, or as random (MAE), block (BEiT), "
        + "uniform (UM-MAE), square, simmim or attention (AttMask) do."),
    Self("mask.ratio", \.mask.ratio, .share, "Share of the patches that is masked."),
    Self(
      "mask.alpha0", \.mask.alpha0, .share, "For hard and easy: share of the masked patches that the predicted loss decides at the start."),
    Self("mask.alphaT", \.mask.alphaT, .share, "The same share at the end; below alpha0 it is hard-to-easy."),
    Self(
      "mask.alpha_clock", \.mask.alphaClock, .choice,
      "How time is counted between alpha0 and alphaT: (e + 1) / E by epoch as the authors' program, e / E, or by step."),
    Self(
      "mask.attention_variant", \.mask.attentionVariant, .choice,
      "For attention: hide the patches attended to most, the same with hints shown, or those attended to least."),
    Self("mask.attention_reveal", \.mask.attentionReveal, .share, "For attention's hint: share of the masked patches that is shown."),
    Self(
      "mask.teacher_view", \.mask.teacherView, .choice,
      "What the teacher predicts losses from: all patches, as the paper, or the average over random masks."),
    Self("mask.teacher_views", \.mask.teacherViews, .integer(2...64), "For masked_average: how many random masks."),
    Self(
      "mask.secondary_ratio", \.mask.secondaryRatio, .share,
      "Share of the visible patches that the student's encoder sees as a learned token only (UM-MAE's secondary masking: uniform, 0.25)."),
  ]

  private static let target: [PretrainingOption] = [
    Self(
      "target.kind", \.target.kind, .choice,
      "What masked patches are reconstructed as: pixels, or features: the teacher's (ema) or those of a frozen network, DINO's or CLIP's, "
        + "which sees the same normalised pixels, all of them."),
    Self("target.norm_pix", \.target.normPix, .truth, "For pixels: standardise the target of each patch."),
    Self(
      "target.file", \.target.file, .orNull(.text("a checkpoint with an encoder"), "none"),
      "For dino and clip: the frozen network, with patches of the model's size; where its grid is another, its position table is resized."),
    Self(
      "target.file_digest", \.target.fileDigest, .orNull(.sha256, "noted when the run begins"),
      "For dino and clip: the file's SHA-256; a run does not go on with another file."),
    Self(
      "target.heads", \.target.heads, .orNull(.integer(1...1024), "as the file or its published architecture tells"),
      "For dino and clip: attention heads of the frozen network."),
  ]

  private static let loss: [PretrainingOption] = [
    Self(
      "loss.predicting", \.loss.predicting, .choice,
      "The loss of the loss predictor: relative (eq. 5), absolute (eq. 4, per-image standardised), absolute_raw (eq. 4), or none (MAE)."),
    Self("loss.eps_log", \.loss.epsLog, .truth, "For relative: add 1e-6 inside the logarithms, as the authors' program."),
  ]

  private static let optimizer: [PretrainingOption] = [
    Self("optimizer.batch_size", \.optimizer.batchSize, .integer(counts), "Images of one optimizer step."),
    Self(
      "optimizer.accumulation", \.optimizer.accumulation, .integer(counts),
      "Equal parts in which a batch is computed, for less memory; divides batch_size."),
    Self(
      "optimizer.base_learning_rate", \.optimizer.baseLearningRate, .number(0...100), "Highest learning rate for a batch of 256 images."),
    Self(
      "optimizer.learning_rate", \.optimizer.learningRate, .orNull(.number(0...100), "base_learning_rate · batch_size / 256"),
      "Highest learning rate itself."),
    Self("optimizer.beta1", \.optimizer.beta1, .number(0...0.999_999), "AdamW's decay of the first moment."),
    Self("optimizer.beta2", \.optimizer.beta2, .number(0...0.999_999), "AdamW's decay of the second moment."),
    Self("optimizer.epsilon", \.optimizer.epsilon, .number(1e-16...1), "AdamW's ε."),
    Self(
      "optimizer.weight_decay", \.optimizer.weightDecay, .number(0...100), "AdamW's decay of all but biases and one-dimensional tensors."),
    Self(
      "optimizer.clip_norm", \.optimizer.clipNorm, .orNull(.number(1e-9...1e9), "no clipping"), "Largest norm of all gradients together."),
    Self(
      "optimizer.max_skipped", \.optimizer.maximumSkipped, .integer(0...1_000_000),
      "Steps in a row that may be skipped for a loss that is not finite; one more fails the run."),
  ]

  private static let schedule: [PretrainingOption] = [
    Self("schedule.epochs", \.schedule.epochs, .integer(counts), "Passes over the data."),
    Self("schedule.warmup_epochs", \.schedule.warmupEpochs, .number(0...1e6), "Epochs in which the learning rate rises from 0."),
    Self("schedule.min_learning_rate", \.schedule.minimumLearningRate, .number(0...100), "Where the cosine ends."),
    Self("schedule.ema_start", \.schedule.emaStart, .share, "The teacher's momentum at the start."),
    Self("schedule.ema_end", \.schedule.emaEnd, .share, "The teacher's momentum at the end of its growth."),
    Self(
      "schedule.ema_growth", \.schedule.emaGrowth, .choice,
      "Whether the momentum grows over a number of epochs, over a share of the run, or not (constant)."),
    Self("schedule.ema_epochs", \.schedule.emaEpochs, .integer(counts), "For growth over epochs: how many."),
    Self("schedule.ema_share", \.schedule.emaShare, .number(0.001...1), "For growth over a share of the run: how much of it."),
  ]

  private static let evaluation: [PretrainingOption] = [
    Self(
      "evaluation.every_epochs", \.evaluation.everyEpochs, .integer(0...1_000_000),
      "Epochs between evaluations; 0 evaluates at the end only."
    ),
    Self("evaluation.held_back_images", \.evaluation.heldBackImages, .integer(0...1_000_000), "Images kept from training to evaluate on."),
    Self(
      "evaluation.true_loss_masks", \.evaluation.trueLossMasks, .integer(1...1024), "Random masks over which the true loss is averaged."),
    Self("evaluation.views", \.evaluation.views, .integer(2...64), "Random masks of mode masked_average."),
    Self(
      "evaluation.neighbours", \.evaluation.neighbours, .integer(1...10_000), "Neighbours of the k-NN classifier, where there are labels."),
    Self(
      "evaluation.contact_sheet_images", \.evaluation.contactSheetImages, .integer(0...256), "Images on the contact sheet; 0 draws none."),
  ]

  private static let run: [PretrainingOption] = [
    Self("run.seed", \.run.seed, .integer(0...(1 << 53) - 1), "What all chance of the run comes from."),
    Self("run.precision", \.run.precision, .choice, "What is computed in; weights, losses and sums are fp32 in both."),
    Self(
      "run.threads", \.run.threads, .orNull(.integer(1...1024), "as the processors allow"),
      "Threads that compute; bit-equal results need an equal number."),
    Self("run.log_every_steps", \.run.logEverySteps, .integer(counts), "Steps between lines of metrics."),
    Self(
      "run.state_every_steps", \.run.stateEverySteps, .integer(0...1_000_000_000),
      "Steps between saved states, beside those at the end of every epoch; 0 saves only these."),
    Self("run.keep_last", \.run.keepLast, .integer(1...1_000_000), "Newest checkpoints that are kept."),
    Self(
      "run.keep_every", \.run.keepEvery, .integer(0...1_000_000), "Of older checkpoints those of every so many epochs stay; 0 keeps none."),
  ]
}
