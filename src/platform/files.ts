/**
 * Files. The rest of the library reads and writes through these functions only, so that it runs
 * where there are no files: nothing here touches `Deno` before it is called.
 *
 * @module
 */

/** What a failed call was about, for its message. */
interface Failure {
  /** What was to be done, such as `read text file`. */
  readonly action: string;
  /** The path it was to be done to. */
  readonly path: string;
}

/** Turns a failure of the system into one clear line; the failure itself becomes its cause. */
function fileError({ action, path }: Failure, cause: unknown): Error {
  let reason = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof Deno.errors.NotFound) reason = "no such file";
  else if (cause instanceof Deno.errors.PermissionDenied) reason = "permission denied";
  else if (cause instanceof Deno.errors.NotCapable) reason = "Deno was not given permission";
  else if (cause instanceof Deno.errors.IsADirectory) reason = "it is a directory";
  else if (cause instanceof Deno.errors.NotADirectory) reason = "part of the path is not a folder";
  return new Error(`Cannot ${action} "${path}": ${reason}`, { cause });
}

/** Options of the functions that read a file. */
export interface ReadOptions {
  /** What the file is, for error messages, such as `checkpoint`. Default `file` or `text file`. */
  readonly what?: string;
}

/**
 * Reads a whole file.
 *
 * @param path Where the file is.
 * @param options What to call it in error messages.
 * @returns Its bytes.
 * @throws {Error} If it is missing, a directory or not readable; the message says which.
 */
export async function readBytes(
  path: string,
  options: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw fileError({ action: `read ${options.what ?? "file"}`, path }, cause);
  }
}

/**
 * Reads a whole text file as UTF-8: bytes that are not UTF-8 become U+FFFD, a byte order mark stays.
 *
 * @param path Where the file is.
 * @param options What to call it in error messages.
 * @returns Its text.
 * @throws {Error} If it is missing, a directory or not readable; the message says which.
 */
export async function readText(path: string, options: ReadOptions = {}): Promise<string> {
  const bytes = await readBytes(path, { what: options.what ?? "text file" });
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Options of {@linkcode readChunks} and {@linkcode readTextChunks}. */
export interface ReadChunksOptions extends ReadOptions {
  /** How many bytes to read at a time. Default 1 MiB. */
  readonly chunkBytes?: number;
}

/**
 * Reads a file piece by piece.
 *
 * @param path Where the file is.
 * @param options The size of a piece, and what to call the file in error messages.
 * @returns The pieces in order; each is overwritten by the next.
 * @throws {Error} If the file is missing, a directory or not readable; the message says which.
 */
export async function* readChunks(
  path: string,
  options: ReadChunksOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { what = "file", chunkBytes = 1 << 20 } = options;
  const failure = { action: `read ${what}`, path };
  const chunk = new Uint8Array(chunkBytes);
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (cause) {
    throw fileError(failure, cause);
  }
  using open = file;
  while (true) {
    let read: number | null;
    try {
      read = await open.read(chunk);
    } catch (cause) {
      throw fileError(failure, cause);
    }
    if (read === null) return;
    if (read > 0) yield chunk.subarray(0, read);
  }
}

/**
 * Reads a text file piece by piece, decoded as {@linkcode readText} does; no character is cut.
 *
 * @param path Where the file is.
 * @param options The size of a piece, and what to call the file in error messages.
 * @returns The pieces in order: joined, they are the text.
 * @throws {Error} If the file is missing, a directory or not readable; the message says which.
 */
export async function* readTextChunks(
  path: string,
  options: ReadChunksOptions = {},
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of readChunks(path, { what: "text file", ...options })) {
    const text = decoder.decode(chunk, { stream: true });
    if (text.length > 0) yield text;
  }
  const rest = decoder.decode();
  if (rest.length > 0) yield rest;
}

/** What {@linkcode writeFileAtomic} writes: text, bytes, or pieces of bytes one after another. */
export type FileContents =
  | string
  | Uint8Array
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that it is never half-written: into a new file beside it, flushed to the disk,
 * which then takes its place. If anything fails, the new file is removed and the old one stays.
 *
 * @param path Where the file is to be; its folder must exist.
 * @param contents Text (written as UTF-8), bytes, or pieces of bytes.
 * @throws {Error} If it cannot be written; the message says why. What `contents` throws is passed on.
 */
export async function writeFileAtomic(path: string, contents: FileContents): Promise<void> {
  const failure = { action: "write file", path };
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(temporary, { write: true, createNew: true });
  } catch (cause) {
    // Here it is the folder that was not found: the file itself is new.
    if (!(cause instanceof Deno.errors.NotFound)) throw fileError(failure, cause);
    throw new Error(`Cannot write file "${path}": its folder does not exist`, { cause });
  }
  try {
    {
      using open = file;
      for await (const piece of gathered(toPieces(contents))) await writeFully(open, piece);
      await open.sync();
    }
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    const ofTheSystem = Object.values(Deno.errors).some((kind) => cause instanceof kind);
    throw ofTheSystem ? fileError(failure, cause) : cause;
  }
}

function toPieces(contents: FileContents): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof contents === "string") return [new TextEncoder().encode(contents)];
  return contents instanceof Uint8Array ? [contents] : contents;
}

/** Gathers short pieces: each call to the system costs as much as some kilobytes. */
async function* gathered(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(1 << 20);
  let length = 0;
  for await (const piece of pieces) {
    if (length + piece.length > buffer.length) {
      yield buffer.subarray(0, length);
      length = 0;
    }
    if (piece.length > buffer.length) yield piece;
    else {
      buffer.set(piece, length);
      length += piece.length;
    }
  }
  yield buffer.subarray(0, length);
}

/** Writes all bytes of a piece: one call to the system may take fewer. */
async function writeFully(file: Deno.FsFile, piece: Uint8Array): Promise<void> {
  for (let written = 0; written < piece.length;) {
    written += await file.write(piece.subarray(written));
  }
}

/** A file open for reading at any place. Close it, or declare it with `using`. */
export class RandomAccessFile implements Disposable {
  /** Where the file is. */
  readonly path: string;
  /** Its size in bytes when it was opened. */
  readonly size: number;
  readonly #file: Deno.FsFile;
  #closed = false;

  /** Takes an open file; {@linkcode openForReading} makes one. */
  constructor(path: string, file: Deno.FsFile, size: number) {
    this.path = path;
    this.size = size;
    this.#file = file;
  }

  /**
   * Fills `bytes` with what stands in the file from `offset` on.
   *
   * @param offset The first byte to read.
   * @param bytes What to fill.
   * @throws {Error} If the file is closed, not readable, or ends before `bytes` is full.
   */
  readInto(offset: number, bytes: Uint8Array): void {
    const failure = { action: "read file", path: this.path };
    if (this.#closed) throw fileError(failure, "it was closed");
    let read = 0;
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      while (read < bytes.length) {
        const count = this.#file.readSync(bytes.subarray(read));
        if (count === null) break;
        read += count;
      }
    } catch (cause) {
      throw fileError(failure, cause);
    }
    if (read < bytes.length) {
      throw fileError(
        failure,
        `it ends at byte ${offset + read}, needed ${bytes.length - read} more`,
      );
    }
  }

  /** Closes the file; again, does nothing. */
  close(): void {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens a file to read from any place in it.
 *
 * @param path Where the file is.
 * @param options What to call it in error messages.
 * @returns The open file.
 * @throws {Error} If it is missing, a directory or not readable; the message says which.
 */
export function openForReading(path: string, options: ReadOptions = {}): RandomAccessFile {
  const failure = { action: `open ${options.what ?? "file"}`, path };
  try {
    const file = Deno.openSync(path);
    const info = file.statSync();
    if (info.isFile) return new RandomAccessFile(path, file, info.size);
    file.close();
  } catch (cause) {
    throw fileError(failure, cause);
  }
  throw fileError(failure, "it is not a regular file");
}

/**
 * Makes a directory, and those above it, unless it is there.
 *
 * @param path Where it is to be.
 * @throws {Error} If it cannot be made, or a file has its name.
 */
export async function ensureDirectory(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new Error(`Cannot make directory "${path}": a file has that name`, { cause });
    }
    throw fileError({ action: "make directory", path }, cause);
  }
}

/**
 * Whether there is a file or a directory at a path.
 *
 * @param path The path.
 * @returns True if there is one.
 * @throws {Error} If that cannot be found out.
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw fileError({ action: "look at", path }, cause);
  }
}

/**
 * Whether there is a directory at a path.
 *
 * @param path The path.
 * @returns True if there is one; false if there is a file, or nothing.
 * @throws {Error} If that cannot be found out.
 */
export async function isDirectory(path: string): Promise<boolean> {
  return await exists(path) && (await Deno.stat(path)).isDirectory;
}

/**
 * The size of a file in bytes.
 *
 * @param path Where the file is.
 * @param options What to call it in error messages, if it is about to be read.
 * @returns Its size.
 * @throws {Error} If it is missing or cannot be looked at.
 */
export async function fileSize(path: string, options: ReadOptions = {}): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (cause) {
    const action = options.what === undefined ? "look at file" : `read ${options.what}`;
    throw fileError({ action, path }, cause);
  }
}

/**
 * Removes a file, or a directory with all that is in it; does nothing if there is none.
 *
 * @param path What to remove.
 * @throws {Error} If it cannot be removed.
 */
export async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw fileError({ action: "remove", path }, cause);
  }
}

/**
 * Gives a file or folder another name, at once. Something that has that name already is replaced if
 * it is a file or an empty folder.
 *
 * @param from What it is called.
 * @param to What it shall be called.
 * @throws {Error} If that cannot be done; the message says why.
 */
export async function rename(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (cause) {
    throw fileError({ action: `rename to "${to}"`, path: from }, cause);
  }
}

/**
 * Adds text to the end of a file, which is made if it is missing.
 *
 * @param path Where the file is.
 * @param text What to add.
 * @throws {Error} If that cannot be done; the message says why.
 */
export async function appendText(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { append: true });
  } catch (cause) {
    throw fileError({ action: "append to", path }, cause);
  }
}
