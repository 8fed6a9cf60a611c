/**
 * Gathers dispatches into one encoder and one compute pass, and submits them when somebody reads,
 * when it is asked to, or when enough have gathered to keep the GPU busy meanwhile.
 *
 * @module
 */

import type { Kernel } from "../../kernels/kernel.ts";
import { GpuError } from "../errors.ts";
import type { PooledBuffer } from "./pool.ts";
import { ReadbackBuffers } from "./readback.ts";
import {
  type FixedTexture,
  isCopied,
  type TextureBinding,
  type TextureCopy,
  type TextureRead,
  TextureStaging,
} from "./textures.ts";
import type { Profiler } from "./profiler.ts";

/** Dispatches after which a batch is submitted unasked, so that the GPU starts on it */
const BATCH_LIMIT = 256;

/** Uniform blocks and bind groups kept before the caches are emptied */
const CACHE_LIMIT = 20_000;

/** A binding that a kernel may write to, in its source */
const WRITABLE = /@binding\((\d+)\)\s*var<storage,\s*read_write>/g;

/** A compiled kernel */
interface Pipeline {
  readonly id: number;
  readonly raw: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Numbers of the bindings that the kernel may write to */
  readonly writes: readonly number[];
}

/** A dispatch with everything resolved, ready to be encoded again and again */
export interface Dispatch {
  readonly name: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  /** Floating-point operations, where the kernel says */
  readonly flops: number;
  /** Bytes of all that is bound */
  readonly bytes: number;
  /** Storage buffers, bound behind the textures */
  readonly buffers: readonly PooledBuffer[];
  /** Those of the buffers that the kernel may write to */
  readonly written: readonly PooledBuffer[];
  /** Parts of buffers that are copied to textures before, unless they are there already */
  readonly textures: readonly TextureCopy[];
}

/** A part of a buffer to copy to the host; offset and length are multiples of 4 */
export interface ReadRequest {
  readonly buffer: PooledBuffer;
  readonly byteOffset: number;
  readonly bytes: number;
}

/** Told about every dispatch while it is attached */
export type DispatchListener = (dispatch: Dispatch) => void;

/** Records commands for one device */
export class Recorder {
  readonly #device: GPUDevice;
  readonly #debug: boolean;
  readonly #onSubmit: () => void;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #uniforms = new Map<string, { id: number; raw: GPUBuffer }>();
  readonly #bindGroups = new Map<string, GPUBindGroup>();
  readonly #staging: TextureStaging;
  readonly #readback: ReadbackBuffers;
  readonly #failures: Promise<void>[] = [];
  #failure: GpuError | undefined;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pending = 0;
  #batch = 0;
  #dispatches = 0;
  #nextUniform = 1;
  /** Attached while a capture listens */
  listener: DispatchListener | undefined;
  /** Attached while kernels are timed */
  profiler: Profiler | undefined;
  /** Told before a kernel is compiled, which may take half a second, how many were before it */
  onCompile: ((name: string, compiled: number) => void) | undefined;

  /** `onSubmit` is called when no unsubmitted command is left */
  constructor(device: GPUDevice, options: { debug?: boolean; onSubmit: () => void }) {
    this.#device = device;
    this.#onSubmit = options.onSubmit;
    this.#debug = options.debug ?? false;
    this.#staging = new TextureStaging(device);
    this.#readback = new ReadbackBuffers(device);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#fail(
        new GpuError(
          `The GPU reported an error: ${(event as GPUUncapturedErrorEvent).error.message}`,
        ),
      );
    });
  }

  /** Records one dispatch of `kernel` over textures and buffers, bound in order */
  dispatch(
    kernel: Kernel,
    buffers: readonly PooledBuffer[],
    reads: readonly (TextureRead | FixedTexture)[] = [],
  ): void {
    if (this.#debug) this.#device.pushErrorScope("validation");
    const compiled = this.#pipelines.size;
    const pipeline = this.#pipeline(kernel);
    const textures = this.#staging.bind(reads);
    const dispatch = {
      name: kernel.name,
      pipeline: pipeline.raw,
      bindGroup: this.#bindGroup(pipeline, kernel, buffers, textures),
      workgroups: kernel.workgroups as [number, number, number],
      flops: kernel.flops ?? 0,
      bytes: [...buffers.map(({ size }) => size), ...reads.map(({ bytes }) => bytes)]
        .reduce((sum, bytes) => sum + bytes, 0),
      buffers,
      written: pipeline.writes.map((binding) => buffers[binding - textures.length]!),
      textures: textures.filter(isCopied),
    };
    this.encode(dispatch);
    this.listener?.(dispatch);
    if (this.#debug) this.#watch(kernel.name);
    if (this.onCompile && this.#pipelines.size > compiled) this.#runAtOnce();
  }

  /**
   * Runs what is recorded as soon as what ran before is done. Drivers such as llvmpipe compile a
   * kernel when it first runs: so whoever is told of kernels sees them go by as they are compiled,
   * while the next one is recorded. In Deno the call waits by itself; elsewhere nobody does.
   */
  #runAtOnce(): void {
    this.#device.queue.onSubmittedWorkDone().catch(() => {});
    this.submit();
  }

  /** Records a resolved dispatch */
  encode(dispatch: Dispatch): void {
    const stale = this.#staging.stale(dispatch.textures);
    if (stale.length > 0) {
      this.#closePass();
      this.#encoder ??= this.#device.createCommandEncoder();
      this.#staging.copy(this.#encoder, stale);
    }
    const pass = this.#openPass(dispatch);
    pass.setPipeline(dispatch.pipeline);
    pass.setBindGroup(0, dispatch.bindGroup);
    pass.dispatchWorkgroups(...dispatch.workgroups);
    for (const { whole } of dispatch.buffers) whole.lastBatch = this.#batch;
    for (const { read } of dispatch.textures) read.buffer.whole.lastBatch = this.#batch;
    for (const { whole } of dispatch.written) whole.version++;
    this.#dispatches++;
    if (++this.#pending >= BATCH_LIMIT) this.submit();
  }

  /** Writes from the host, after everything recorded so far that uses the buffer */
  write(buffer: PooledBuffer, data: ArrayBufferView<ArrayBuffer>, byteOffset = 0): void {
    if (buffer.whole.lastBatch === this.#batch) this.submit();
    buffer.whole.version++;
    this.#device.queue.writeBuffer(buffer.raw, buffer.byteOffset + byteOffset, data);
  }

  /** Copies the first `bytes` bytes of a buffer to another one; no part of captured graphs */
  copy(from: PooledBuffer, to: PooledBuffer, bytes: number): void {
    this.#closePass();
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(from.raw, from.byteOffset, to.raw, to.byteOffset, bytes);
    for (const { whole } of [from, to]) whole.lastBatch = this.#batch;
    to.whole.version++;
  }

  /** Copies a part of a buffer, as it is now, to a texture that stays */
  fixTexture(read: TextureRead): FixedTexture {
    this.#closePass();
    this.#encoder ??= this.#device.createCommandEncoder();
    read.buffer.whole.lastBatch = this.#batch;
    return this.#staging.fix(this.#encoder, read);
  }

  /** Destroys such a texture once nothing recorded uses it */
  destroyTexture(texture: FixedTexture): void {
    this.submit();
    this.forgetBindGroups();
    texture.raw.destroy();
  }

  /** Copies parts of buffers to the host, after everything recorded so far */
  async read(requests: readonly ReadRequest[]): Promise<ArrayBuffer[]> {
    const staging = requests.map(({ buffer, byteOffset, bytes }) => {
      const size = Math.max(4, Math.ceil(bytes / 4) * 4);
      const raw = this.#readback.lend(size);
      this.#closePass();
      this.#encoder ??= this.#device.createCommandEncoder();
      this.#encoder.copyBufferToBuffer(buffer.raw, buffer.byteOffset + byteOffset, raw, 0, size);
      return { raw, size, bytes };
    });
    this.submit();
    try {
      await Promise.all(staging.map(({ raw, size }) => raw.mapAsync(0x01, 0, size))); // READ
      await this.check();
      return staging.map(({ raw, size, bytes }) => raw.getMappedRange(0, size).slice(0, bytes));
    } catch (error) {
      await this.check();
      throw new GpuError(`Cannot read from the GPU: ${(error as Error).message}`);
    } finally {
      for (const { raw } of staging) this.#readback.takeBack(raw);
    }
  }

  /** Submits what was recorded; does nothing when there is nothing */
  submit(): void {
    if (!this.#encoder) return;
    this.#closePass();
    this.#device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#pending = 0;
    this.#batch++;
    this.#onSubmit();
  }

  /** Submits, waits until the GPU is done and throws what it reported */
  async finish(): Promise<void> {
    this.submit();
    await this.#device.queue.onSubmittedWorkDone();
    await this.check();
  }

  /** Throws the first failure that was reported, once */
  async check(): Promise<void> {
    await Promise.all(this.#failures.splice(0));
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  /** Forgets bind groups; called when a buffer in them is destroyed */
  forgetBindGroups(): void {
    this.#bindGroups.clear();
  }

  /** Counts of compiled kernels and of dispatches since the start */
  get counts(): { pipelines: number; dispatches: number } {
    return { pipelines: this.#pipelines.size, dispatches: this.#dispatches };
  }

  #openPass(dispatch: Dispatch): GPUComputePassEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    if (this.profiler) {
      this.#closePass();
      const { name, flops, bytes } = dispatch;
      const timestampWrites = this.profiler.next({ name, flops, bytes });
      return this.#pass = this.#encoder.beginComputePass({ timestampWrites });
    }
    return this.#pass ??= this.#encoder.beginComputePass();
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #pipeline(kernel: Kernel): Pipeline {
    let pipeline = this.#pipelines.get(kernel.code);
    if (!pipeline) {
      this.onCompile?.(kernel.name, this.#pipelines.size);
      const module = this.#device.createShaderModule({ code: kernel.code, label: kernel.name });
      const raw = this.#device.createComputePipeline({
        label: kernel.name,
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
      const writes = [...kernel.code.matchAll(WRITABLE)].map(([, binding]) => Number(binding));
      const layout = raw.getBindGroupLayout(0);
      pipeline = { id: this.#pipelines.size, raw, layout, writes };
      this.#pipelines.set(kernel.code, pipeline);
    }
    return pipeline;
  }

  #bindGroup(
    pipeline: Pipeline,
    kernel: Kernel,
    buffers: readonly PooledBuffer[],
    textures: readonly TextureBinding[],
  ): GPUBindGroup {
    const uniform = kernel.params && this.#uniform(kernel.params);
    let key = `${pipeline.id},${uniform?.id ?? 0}`;
    for (const { texture } of textures) key += `,t${texture.id}`;
    for (const buffer of buffers) key += `,${buffer.id}`;
    let group = this.#bindGroups.get(key);
    if (!group) {
      const resources: GPUBindingResource[] = [
        ...textures.map(({ texture }) => texture.view),
        ...buffers.map(({ raw, byteOffset, size }) => ({
          buffer: raw,
          offset: byteOffset,
          size: Math.min(size, raw.size - byteOffset),
        })),
        ...(uniform ? [{ buffer: uniform.raw }] : []),
      ];
      group = this.#device.createBindGroup({
        label: kernel.name,
        layout: pipeline.layout,
        entries: resources.map((resource, binding) => ({ binding, resource })),
      });
      if (this.#bindGroups.size >= CACHE_LIMIT) this.#bindGroups.clear();
      this.#bindGroups.set(key, group);
    }
    return group;
  }

  /** Uniform blocks never change once written, so equal blocks share one buffer */
  #uniform(params: Uint32Array<ArrayBuffer>): { id: number; raw: GPUBuffer } {
    const key = params.join();
    let uniform = this.#uniforms.get(key);
    if (!uniform) {
      if (this.#uniforms.size >= CACHE_LIMIT) this.#dropUniforms();
      const raw = this.#device.createBuffer({
        size: params.byteLength,
        usage: 0x40, // UNIFORM
        mappedAtCreation: true,
      });
      new Uint32Array(raw.getMappedRange()).set(params);
      raw.unmap();
      this.#uniforms.set(key, uniform = { id: this.#nextUniform++, raw });
    }
    return uniform;
  }

  #dropUniforms(): void {
    this.submit();
    // Captures may still hold bind groups over these buffers: leave destroying to the collector.
    this.#uniforms.clear();
    this.#bindGroups.clear();
  }

  #watch(name: string): void {
    this.#failures.push(
      this.#device.popErrorScope().then((error) => {
        if (error) this.#fail(new GpuError(`Kernel ${name} failed validation: ${error.message}`));
      }),
    );
  }

  #fail(error: GpuError): void {
    this.#failure ??= error;
  }
}
