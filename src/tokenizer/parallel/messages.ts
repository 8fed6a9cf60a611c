/**
 * What a thread and its workers say to each other.
 *
 * @module
 */

/** A worker's answer to a request, or what went wrong with it. */
export type Reply<Answer> =
  | { readonly answer: Answer }
  | { readonly error: { readonly name: string; readonly message: string } };

/** An answer, and the buffers in it that are handed over instead of copied. */
export interface Handover<Answer> {
  readonly answer: Answer;
  readonly transfer: Transferable[];
}

/**
 * How many requests a worker has answered, in memory that both threads see: a thread that is busy
 * knows at once, while answers come in only when it goes round its event loop.
 */
export class AnswerCount {
  /** What is posted to the worker. */
  readonly cell: Int32Array;

  /** Takes the memory. */
  constructor(cell: Int32Array) {
    this.cell = cell;
  }

  /** Whether there can be one: most pages of the web may not share memory. */
  static get isShared(): boolean {
    return typeof SharedArrayBuffer !== "undefined";
  }

  /** Makes one, if there can be. */
  static make(): AnswerCount | undefined {
    return this.isShared ? new this(new Int32Array(new SharedArrayBuffer(4))) : undefined;
  }

  /** How many. */
  get value(): number {
    return Atomics.load(this.cell, 0);
  }

  /** Counts one more. */
  add(): void {
    Atomics.add(this.cell, 0, 1);
  }
}

/** The part of a worker's global scope that is used here; browsers and Deno agree on it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/**
 * Answers the requests of a thread, one after another; called once, in a worker.
 *
 * @param handle Answers one request.
 */
export function serve<Request, Answer>(handle: (request: Request) => Handover<Answer>): void {
  const scope = globalThis as unknown as WorkerScope;
  const answer = (request: Request) => {
    let reply: Reply<Answer>;
    let transfer: Transferable[] = [];
    try {
      const handover = handle(request);
      reply = { answer: handover.answer };
      transfer = handover.transfer;
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      reply = { error: { name, message } };
    }
    scope.postMessage(reply, transfer);
  };
  scope.onmessage = ({ data: cell }: MessageEvent<Int32Array | undefined>) => {
    const answered = cell && new AnswerCount(cell);
    scope.onmessage = ({ data }: MessageEvent<Request>) => {
      answer(data);
      answered?.add();
    };
  };
}
