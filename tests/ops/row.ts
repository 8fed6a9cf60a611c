/**
 * What a row of the op test table says, and the inputs that are made from it.
 */

import type { Shape } from "../../src/shape.ts";
import type { DType, Tensor } from "../../src/tensor.ts";
import { Random } from "../../src/random.ts";
import { type NdArray, ndarray, sizeOf } from "../reference/mod.ts";

/** The numbers that an input is made of */
export interface Domain {
  /** Least value, included */
  readonly low: number;
  /** Greatest value, not included */
  readonly high: number;
  /** f32 unless said otherwise; integers are whole numbers in the range, masks are 0 and 1 */
  readonly dtype?: DType;
  /** Places where the op is not smooth: values keep a distance of 1/32 from them */
  readonly avoid?: readonly number[];
  /**
   * Values are different multiples of 1/16, in random order, around 0; those of the next input lie
   * halfway between. For ops that choose among values.
   */
  readonly distinct?: boolean;
}

/** One op, or one setting of its options */
export interface OpRow {
  /** Name of the op, and of the setting where there are several */
  readonly name: string;
  readonly op: (...inputs: Tensor[]) => Tensor;
  /** The same in float64 */
  readonly oracle: (...inputs: NdArray[]) => NdArray;
  /** Shapes of the inputs, for each test case */
  readonly shapes: readonly (readonly Shape[])[];
  /** Of each input; the last one holds for the rest. [-2, 2) where left out */
  readonly domains?: readonly Domain[];
  /** Whether the op chooses among kernels by adapter: it is tested on all of `VARIANTS` */
  readonly hasVariants?: boolean;
}

const USUAL: Domain = { low: -2, high: 2 };

/** The domain of a row's input */
export function domainOf(row: OpRow, input: number): Domain {
  return row.domains?.[input] ?? row.domains?.at(-1) ?? USUAL;
}

/** Inputs of a case: numbers that float32 holds exactly, the same in every run */
export function inputsOf(row: OpRow, shapes: readonly Shape[]): NdArray[] {
  const random = new Random(shapes.flat().reduce((seed, size) => seed * 31 + size, 7) % 2 ** 31);
  return shapes.map((shape, input) => draw(shape, domainOf(row, input), input, random));
}

/** Random numbers of a shape, for gradients of results */
export function upstreamOf(shape: Shape): NdArray {
  return draw(shape, USUAL, 0, new Random(sizeOf(shape)));
}

function draw(shape: Shape, domain: Domain, input: number, random: Random): NdArray {
  const { low, high, dtype = "f32", avoid = [], distinct = false } = domain;
  const size = sizeOf(shape);
  if (distinct) {
    const places = Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const j = Math.floor(random.uniform() * (i + 1));
      [places[i], places[j]] = [places[j]!, places[i]!];
    }
    return ndarray(shape, places.map((place) => (place - size / 2) / 16 + (input % 2) / 32));
  }
  const values = random.fillUniform(new Float32Array(size), low, high);
  return ndarray(
    shape,
    values.map((value) => {
      if (dtype !== "f32") return Math.floor(value);
      const kink = avoid.find((place) => Math.abs(value - place) < 1 / 32);
      return kink === undefined ? value : kink + (value < kink ? -1 / 32 : 1 / 32);
    }),
  );
}
