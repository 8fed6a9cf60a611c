/**
 * What a pool and its workers say to each other.
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

/** The part of a worker's global scope that is used here; browsers and Deno agree on it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/**
 * Answers the requests of a pool, one after another; called once, in a worker.
 *
 * @param handle Answers one request.
 */
export function serve<Request, Answer>(handle: (request: Request) => Handover<Answer>): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }: MessageEvent<Request>) => {
    let reply: Reply<Answer>;
    let transfer: Transferable[] = [];
    try {
      const handover = handle(data);
      reply = { answer: handover.answer };
      transfer = handover.transfer;
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      reply = { error: { name, message } };
    }
    scope.postMessage(reply, transfer);
  };
}
