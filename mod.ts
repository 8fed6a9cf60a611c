/**
 * Train small language models from scratch on WebGPU: tensors with gradients on hand-written WGSL
 * kernels, and on top of them byte-level BPE, Transformer layers, AdamW and generation.
 *
 * @example Train a model on stories and let it write
 * ```ts
 * import {
 *   generate,
 *   generateStories,
 *   joinStories,
 *   requestDevice,
 *   Tokenizer,
 *   tokensInMemory,
 *   train,
 *   trainBpe,
 *   TransformerLM,
 * } from "@kindling/lm";
 *
 * using device = await requestDevice();
 * const text = joinStories(generateStories({ seed: 0, characters: 20_000 }));
 * const { vocab, merges } = await trainBpe([text], { vocabSize: 300 });
 * const tokenizer = new Tokenizer(vocab, merges);
 * const data = tokensInMemory(tokenizer.encodeToArray(text));
 * using model = new TransformerLM(
 *   device,
 *   { vocabSize: tokenizer.vocabSize, contextLength: 32, dModel: 32, nLayers: 1, nHeads: 2 },
 *   { seed: 0 },
 * );
 * for await (const { step, loss } of train(model, { data, steps: 20, batchSize: 8, seed: 0 })) {
 *   if (step % 10 === 0) console.log(step, loss);
 * }
 * const prompt = tokenizer.encode("Once upon a time");
 * for await (const token of generate(model, { prompt, maxTokens: 10, seed: 0 })) {
 *   console.log(tokenizer.decode([token]));
 * }
 * ```
 *
 * @module
 */

// Gives tensors their methods.
import "./src/ops/methods.ts";

export {
  backward,
  type GradientThunk,
  isRecording,
  noGrad,
  type OpDef,
  record,
} from "./src/autograd.ts";
export type { Destination } from "./src/launch/launch.ts";
export * from "./src/device.ts";
export * from "./src/display/attention.ts";
export * from "./src/display/curves.ts";
export * from "./src/display/heat_map.ts";
export * from "./src/display/history.ts";
export * from "./src/display/picture.ts";
export * from "./src/display/probabilities.ts";
export * from "./src/errors.ts";
export * from "./src/generate.ts";
export * from "./src/generate_with_probabilities.ts";
export { Capture } from "./src/gpu/capture.ts";
export type { RuntimeOptions } from "./src/gpu/runtime.ts";
export type { AdapterOptions } from "./src/gpu/adapter.ts";
export type { TimedDispatch } from "./src/gpu/profiler.ts";
export type { AdapterTraits, TilingName } from "./kernels/kernel.ts";
export { type KernelProfile, Profile } from "./src/profile.ts";
export * from "./src/random.ts";
export * from "./src/safetensors.ts";
export type { SamplingOptions, TokenProbability } from "./src/sampling.ts";
export { Scope } from "./src/scope.ts";
export * from "./src/shape.ts";
export { type DType, type Nested, Tensor } from "./src/tensor.ts";
export type * from "./src/tensor_methods.ts";
export * from "./src/data/batch_source.ts";
export * from "./src/data/batches.ts";
export * from "./src/data/example_batches.ts";
export * from "./src/data/labelled_text.ts";
export * from "./src/data/stories.ts";
export * from "./src/data/token_file.ts";
export * from "./src/data/token_source.ts";
export * from "./src/interp/attention_patterns.ts";
export * from "./src/interp/attribution.ts";
export * from "./src/interp/circuits.ts";
export * from "./src/interp/patching.ts";
export {
  accumulatedResid,
  applyLnToStack,
  decomposeResid,
  headResults,
  type ResidualStack,
  type StreamPlace,
} from "./src/interp/residual_stream.ts";
export * from "./src/interp/transformer_lens.ts";
export {
  type AttentionWeights,
  attentionWeights,
  type EmbeddingWeights,
  embeddingWeights,
  type FoldOptions,
  type LayerOptions,
} from "./src/interp/weights.ts";
export * from "./src/nn/accounting.ts";
export * from "./src/nn/activation_cache.ts";
export * from "./src/nn/attention.ts";
export * from "./src/nn/classifier.ts";
export * from "./src/nn/config.ts";
export * from "./src/nn/dropout.ts";
export * from "./src/nn/embedding.ts";
export * from "./src/nn/feed_forward.ts";
export * from "./src/nn/hook_names.ts";
export {
  type ActivationSelector,
  type Hook,
  type HookedCall,
  type HookList,
  Hooks,
} from "./src/nn/hooks.ts";
export * from "./src/nn/init.ts";
export * from "./src/nn/kv_cache.ts";
export * from "./src/nn/linear.ts";
export * from "./src/nn/module.ts";
export * from "./src/nn/norms.ts";
export * from "./src/nn/presets.ts";
export * from "./src/nn/rotary_embedding.ts";
export * from "./src/nn/transformer_block.ts";
export * from "./src/nn/transformer_lm.ts";
export * from "./src/ops/activations.ts";
export * from "./src/ops/arithmetic.ts";
export * from "./src/ops/attention.ts";
export * from "./src/ops/comparisons.ts";
export * from "./src/ops/dropout.ts";
export * from "./src/ops/einsum.ts";
export * from "./src/ops/feed_forward.ts";
export * from "./src/ops/indexing.ts";
export * from "./src/ops/joining.ts";
export * from "./src/ops/linear.ts";
export * from "./src/ops/linear_cross_entropy.ts";
export * from "./src/ops/losses.ts";
export * from "./src/ops/matmul.ts";
export * from "./src/ops/norms.ts";
export * from "./src/ops/reductions.ts";
export * from "./src/ops/rotary.ts";
export * from "./src/ops/softmax.ts";
export * from "./src/ops/views.ts";
export * from "./src/optim/adamw.ts";
export * from "./src/optim/clip.ts";
export * from "./src/optim/loss_scaler.ts";
export * from "./src/optim/optimizer.ts";
export * from "./src/optim/schedules.ts";
export * from "./src/optim/sgd.ts";
export * from "./src/optim/step_ring.ts";
export * from "./src/tasks/analysis.ts";
export * from "./src/tasks/analysis_picture.ts";
export * from "./src/tasks/simple_corpus/corpus.ts";
export * from "./src/tasks/simple_corpus/grammar.ts";
export * from "./src/tasks/simple_corpus/sentences.ts";
export * from "./src/tasks/simple_corpus/task.ts";
export type { Accuracy, Answers } from "./src/tasks/sorting/answers.ts";
export * from "./src/tasks/sorting/lists.ts";
export * from "./src/tasks/sorting/sorting_task.ts";
export * from "./src/tasks/sweep_seeds.ts";
export * from "./src/tasks/task.ts";
export { skipTrigramCharts } from "./src/tasks/skip_trigram/analyse.ts";
export * from "./src/tasks/skip_trigram/batches.ts";
export * from "./src/tasks/skip_trigram/data.ts";
export {
  type HeadName,
  type SkipTrigramHead,
  skipTrigramHeads,
  skipTrigramLogitsWithout,
} from "./src/tasks/skip_trigram/heads.ts";
export {
  skipTrigramLogits,
  skipTrigramLoss,
  type SkipTrigramMask,
} from "./src/tasks/skip_trigram/loss.ts";
export * from "./src/tasks/skip_trigram/metrics.ts";
export * from "./src/tasks/skip_trigram/task.ts";
export * from "./src/tasks/transfer_analysis.ts";
export * from "./src/tokenizer/bpe.ts";
export * from "./src/tokenizer/char.ts";
export { StreamDecoder } from "./src/tokenizer/decoding.ts";
export { type EncodeFileOptions, type EncodeFileProgress } from "./src/tokenizer/encode_file.ts";
export type { EncodeOptions } from "./src/tokenizer/encoding.ts";
export * from "./src/tokenizer/explain.ts";
export * from "./src/tokenizer/formats.ts";
export { ListedTokenizer } from "./src/tokenizer/listed_tokenizer.ts";
export type { Merge } from "./src/tokenizer/merge_rules.ts";
export type { PatternName } from "./src/tokenizer/patterns/pattern.ts";
export { pretokenize } from "./src/tokenizer/pretokenize.ts";
export * from "./src/tokenizer/statistics.ts";
export type { TextSource } from "./src/tokenizer/text_chunks.ts";
export type { TextFiles, TextPiece } from "./src/tokenizer/text_source.ts";
export { TextTokenizer } from "./src/tokenizer/text_tokenizer.ts";
export * from "./src/tokenizer/tokenizer_files.ts";
export * from "./src/tokenizer/train_bpe.ts";
export * from "./src/tokenizer/word.ts";
export * from "./src/train/checkpoint.ts";
export * from "./src/train/evaluate.ts";
export * from "./src/train/evaluate_classifier.ts";
export * from "./src/train/evaluate_examples.ts";
export * from "./src/train/fine_tune.ts";
export type { LearningRate, PlateauSchedule, PlateauState } from "./src/train/learning_rate.ts";
export * from "./src/train/named_schedule.ts";
export type * from "./src/train/options.ts";
export { type Outcome, outcomeOf } from "./src/train/outcome.ts";
export * from "./src/train/run_directory.ts";
export * from "./src/train/stop_rules.ts";
export * from "./src/train/sweep.ts";
export * from "./src/train/train.ts";
export * from "./src/train/trained_classifier.ts";
export * from "./src/train/trained_model.ts";
export * from "./src/train/transfer.ts";
export * from "./src/tuning.ts";
