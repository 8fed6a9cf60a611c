/**
 * A worker, and the requests that it has not answered yet.
 *
 * @module
 */

import { AnswerCount, type Reply } from "./messages.ts";

/** A worker that answers requests one after another. */
export class Helper<Request, Answer> {
  readonly #worker: Worker;
  readonly #pending: PromiseWithResolvers<Answer>[] = [];
  readonly #answered = AnswerCount.make();
  #asked = 0;
  #hasStarted = false;
  #failure: Error | undefined;

  /** Takes a worker, and makes the first request. */
  constructor(worker: Worker, setup: Request) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply<Answer>>) => {
      const request = this.#pending.shift();
      if ("answer" in data) request?.resolve(data.answer);
      else request?.reject(toError(data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(`Cannot run a worker: ${event.message}`));
    };
    worker.postMessage(this.#answered?.cell);
    this.ask(setup).then(() => this.#hasStarted = true, (failure) => this.#fail(failure));
  }

  /** Whether it has answered its first request: until then it may be that it never will. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** How many requests it has before it; infinitely many, once it has failed. */
  get load(): number {
    if (this.#failure !== undefined) return Infinity;
    return this.#answered ? this.#asked - this.#answered.value : this.#pending.length;
  }

  /** Makes a request; the buffers in `transfer` are handed over. */
  ask(request: Request, transfer: Transferable[] = []): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<Answer>();
    this.#pending.push(answer);
    this.#asked++;
    this.#worker.postMessage(request, transfer);
    return answer.promise;
  }

  /** Ends the worker, whatever it is doing. */
  end(): void {
    this.#worker.terminate();
  }

  #fail(failure: Error): void {
    this.#failure = failure;
    for (const request of this.#pending.splice(0)) request.reject(failure);
  }
}

/** An error of a worker as one of here. */
function toError({ name, message }: { readonly name: string; readonly message: string }): Error {
  return name === "RangeError" ? new RangeError(message) : new Error(message);
}
