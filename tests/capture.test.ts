// Captured graphs: what they replay, what they keep, what they give back.

import { assertEquals, assertThrows } from "@std/assert";
import type { Device, Tensor } from "../mod.ts";
import { gpuTest } from "./gpu.ts";

/** A graph with an intermediate result and one output */
function chain(device: Device, x: Tensor): { graph: ReturnType<Device["capture"]>; y: Tensor } {
  let y: Tensor | undefined;
  const graph = device.capture(() => {
    using _scope = device.scope();
    y = x.mul(2).add(1).square().keep();
  });
  return { graph, y: y! };
}

gpuTest("capture() runs the function once and replays it on new inputs", async (device) => {
  using x = device.tensor([1, 2, 3]);
  const { graph, y } = chain(device, x);
  using _graph = graph, _y = y;
  assertEquals(graph.size, 3);
  assertEquals(await y.nested(), [9, 25, 49]);
  x.write([0, 1, -1]);
  graph.run();
  assertEquals(await y.nested(), [1, 9, 1]);
});

gpuTest("capture() never overwrites tensors that were made outside", async (device) => {
  using x = device.tensor([1, 2, 3]);
  const { graph, y } = chain(device, x);
  using _graph = graph, _y = y;
  // Were the graph's intermediate memory lent out, one of these would sit in it.
  const others = Array.from({ length: 8 }, (_, i) => device.full([3], i));
  graph.run();
  for (const [i, other] of others.entries()) {
    assertEquals(await other.nested(), [i, i, i]);
    other.dispose();
  }
});

gpuTest("capture() gives all memory back, whichever goes first", async (device) => {
  using x = device.tensor([1, 2, 3]);
  const { usedBytes } = device.memory();
  const first = chain(device, x);
  first.graph.dispose();
  assertEquals(await first.y.nested(), [9, 25, 49]);
  first.y.dispose();
  const second = chain(device, x);
  second.y.dispose();
  second.graph.dispose();
  assertEquals(device.memory().usedBytes, usedBytes);
  const { buffersCreated } = device.memory();
  const third = chain(device, x);
  third.y.dispose();
  third.graph.dispose();
  assertEquals(device.memory().buffersCreated, buffersCreated);
});

gpuTest("capture() refuses to nest and to run after disposal", (device) => {
  using x = device.tensor([1]);
  assertThrows(
    () => device.capture(() => void device.capture(() => {})),
    Error,
    "Cannot capture inside another capture",
  );
  const { graph, y } = chain(device, x);
  y.dispose();
  graph.dispose();
  assertThrows(() => graph.run(), Error, "Cannot run a captured graph: it was disposed");
});
