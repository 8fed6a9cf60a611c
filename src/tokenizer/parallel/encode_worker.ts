/**
 * A worker that encodes; see `encode_file.ts`.
 *
 * @module
 */

import { BpeEncoder, type BpeTables } from "../bpe_encoder.ts";
import { ChunkEncoder, type ChunkEncoderOptions } from "../chunk_encoder.ts";
import type { TextChunk } from "../text_chunks.ts";
import { type Handover, serve } from "./messages.ts";

/** What the worker is asked. */
export type EncodeRequest =
  /** The first request. */
  | { readonly tables: BpeTables; readonly options: ChunkEncoderOptions }
  /** Encodes a chunk of text. */
  | TextChunk;

let encoder: ChunkEncoder;

serve((request: EncodeRequest): Handover<Uint8Array | undefined> => {
  if ("tables" in request) {
    encoder = new ChunkEncoder(new BpeEncoder(request.tables), request.options);
    return { answer: undefined, transfer: [] };
  }
  const answer = encoder.encode(request);
  return { answer, transfer: [answer.buffer] };
});
