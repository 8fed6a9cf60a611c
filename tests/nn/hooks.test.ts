/** Hooks and caches: names, selection, replacement, gradients, and that nobody else pays for them. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import {
  crossEntropy,
  type Device,
  hookNames,
  Hooks,
  mul,
  noGrad,
  type PartialConfig,
  skipTrigramConfig,
  sortingConfig,
  type Tensor,
  TransformerLM,
} from "../../mod.ts";
import { gpuTest } from "../gpu.ts";

const SMALL = { vocabSize: 11, contextLength: 7, dModel: 12, nLayers: 2, nHeads: 3, dFf: 10 };

const CONFIGS: Readonly<Record<string, PartialConfig>> = {
  "RMSNorm, rotary, SwiGLU": SMALL,
  "GPT-2": {
    ...SMALL,
    norm: "layer",
    position: "learned",
    ffn: "gelu",
    bias: true,
    tieEmbeddings: true,
  },
  "post-norm": { ...SMALL, normPosition: "post" },
  "post-norm, attention only": { ...SMALL, normPosition: "post", norm: "layer", ffn: "none" },
  "no norm": { ...SMALL, norm: "none", normPosition: "post", position: "none", ffn: "relu" },
  "sorting": { ...sortingConfig({ dModel: 16 }), vocabSize: 11, contextLength: 7 },
  "skip trigrams": skipTrigramConfig(),
};

function tokensFor(device: Device, { config }: TransformerLM): Tensor {
  const positions = Math.min(5, config.contextLength);
  const ids = Int32Array.from({ length: 2 * positions }, (_, i) => (i * 7 + 3) % 11);
  return device.tensor(ids, { shape: [2, positions] });
}

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  message?: string,
) {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assertAlmostEquals(actual[i]!, expected[i]!, tolerance, message);
  }
}

for (const [title, config] of Object.entries(CONFIGS)) {
  gpuTest(
    `runWithCache() holds every activation that hookNames() lists: ${title}`,
    async (device) => {
      using model = new TransformerLM(device, config, { seed: 1 });
      using tokens = tokensFor(device, model);
      using logits = model.forward(tokens);
      using run = model.runWithCache(tokens);
      assertEquals(run.cache.names, hookNames(config));
      assertClose(await run.logits.data(), await logits.data(), 2e-6);

      const { nHeads: H, dHead: D, dModel: C, dFf: F } = model.config;
      const [B, T] = tokens.shape as [number, number];
      for (const [name, { shape }] of run.cache) {
        const expected = /hook_(attn_scores|pattern)$/.test(name)
          ? [B, H, T, T]
          : /attn\.hook/.test(name)
          ? [B, T, H, D]
          : /hook_scale$/.test(name)
          ? [B, T, 1]
          : /mlp\.hook/.test(name)
          ? [B, T, F]
          : [B, T, C];
        assertEquals(shape, expected, name);
      }
    },
  );
}

gpuTest("activations are chosen by name, end of name, pattern or function", (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  const names = (chosen: Parameters<typeof model.runWithCache>[1]) => {
    using run = model.runWithCache(tokens, chosen);
    return run.cache.names;
  };
  assertEquals(names({ names: "blocks.1.attn.hook_z" }), ["blocks.1.attn.hook_z"]);
  assertEquals(names({ names: "hook_z" }), ["blocks.0.attn.hook_z", "blocks.1.attn.hook_z"]);
  assertEquals(names({ names: /0.*(mid|post)$/g }), [
    "blocks.0.hook_resid_mid",
    "blocks.0.mlp.hook_post",
    "blocks.0.hook_resid_post",
  ]);
  assertEquals(names({ names: ["ln_final.hook_scale", (name) => name === "hook_embed"] }), [
    "hook_embed",
    "ln_final.hook_scale",
  ]);
  assertEquals(names({ names: [] }), []);
});

gpuTest("unknown activations are errors that name near ones", (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  assertThrows(
    () => model.runWithCache(tokens, { names: "blocks.0.hook_resid_pots" }),
    RangeError,
    "Cannot find activation blocks.0.hook_resid_pots: the model has no such; nearest are " +
      "blocks.0.hook_resid_post, ",
  );
  assertThrows(
    () => model.runWithHooks(tokens, { hooks: { hook_patern: () => {} } }),
    RangeError,
    "nearest are hook_pattern, ",
  );
  assertThrows(
    () => model.runWithCache(tokens, { names: /nothing/ }),
    RangeError,
    "Cannot find activations: /nothing/ selects none of the model's 43",
  );
  using run = model.runWithCache(tokens, { names: ["hook_embed", "hook_z"] });
  assertThrows(
    () => run.cache.get("hook_z"),
    RangeError,
    "Cannot choose among 2 activations hook_z: needs a name such as blocks.0.attn.hook_z",
  );
  assertThrows(
    () => run.cache.get("hook_q"),
    RangeError,
    "Cannot find activation hook_q in the cache, which holds hook_embed, blocks.0.attn.hook_z, ",
  );
});

gpuTest("a replacement changes what comes after it and nothing else", async (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  const target = "blocks.0.attn.hook_pattern";
  using plain = model.runWithCache(tokens);
  const uniform = Array.from(
    { length: 5 },
    (_, t) => Array.from({ length: 5 }, (_, s) => s <= t ? 1 / (t + 1) : 0),
  );
  using rows = device.tensor(uniform);
  using weights = rows.expand([2, 3, 5, 5]);
  using changed = model.runWithCache(tokens, { hooks: { [target]: () => weights } });

  const before = await plain.cache.toHost(), after = await changed.cache.toHost();
  const at = plain.cache.names.indexOf(target);
  for (const [i, name] of plain.cache.names.entries()) {
    const [a, b] = [before.get(name)!.data, after.get(name)!.data];
    // Values of the first block come before the pattern, whatever the order of the list.
    if (i < at) assertEquals(b, a, name);
    // Keys and queries of the first position, for one, need not change; something always does.
    else assertNotEquals(b, a, name);
  }
  assertEquals(after.get(target)!.data, await weights.data());
  assertNotEquals(await changed.logits.data(), await plain.logits.data());
});

gpuTest("a replacement at one position changes that one and later ones only", async (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  using mask = device.tensor([[1], [1], [0], [1], [1]]);
  const names = "hook_resid_post";
  using plain = model.runWithCache(tokens, { names });
  using changed = model.runWithCache(tokens, {
    names,
    hooks: { "blocks.0.hook_resid_post": (x) => x.mul(mask) },
  });
  for (const [name, activation] of changed.cache) {
    const a = await activation.data(), b = await plain.cache.get(name).data();
    const row = (data: Float32Array, b: number, t: number) =>
      data.slice((b * 5 + t) * 12, (b * 5 + t + 1) * 12);
    for (let batch = 0; batch < 2; batch++) {
      for (let t = 0; t < 5; t++) {
        const same = t < 2 || (t > 2 && name.startsWith("blocks.0"));
        (same ? assertEquals : assertNotEquals)(row(a, batch, t), row(b, batch, t), `${name} ${t}`);
      }
    }
  }
});

for (const [title, config] of Object.entries(CONFIGS).filter(([title]) => title !== "sorting")) {
  gpuTest(
    `silencing a head is the same as zeros in its output weights: ${title}`,
    async (device) => {
      using model = new TransformerLM(device, config, { seed: 1 });
      using tokens = tokensFor(device, model);
      using silence = device.tensor([[1], [0], [1]]);
      const hooks = { "blocks.0.attn.hook_z": (z: Tensor) => z.mul(silence) };
      using ablated = model.runWithHooks(tokens, { hooks });

      const { weight } = model.layers[0]!.attn.outputProj; // [dModel, H · D]
      const { dHead } = model.config;
      const columns = Float32Array.from(
        { length: 3 * dHead },
        (_, i) => Math.floor(i / dHead) === 1 ? 0 : 1,
      );
      using keep = device.tensor(columns);
      using without = mul(weight, keep);
      weight.write(await without.data());
      using expected = model.forward(tokens);
      assertEquals(await ablated.data(), await expected.data());
    },
  );
}

gpuTest("gradients flow through hooks, into replacements too", async (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  using targets = device.tensor(new Int32Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), { shape: [2, 5] });
  using gains = device.tensor([[0.5], [1.5], [1]], { requiresGrad: true });
  using shift = device.randn([2, 5, 12], { seed: 3, requiresGrad: true });
  const hooks = {
    "blocks.0.attn.hook_z": (z: Tensor) => z.mul(gains),
    "blocks.1.attn.hook_pattern": (pattern: Tensor) => pattern.mul(pattern),
    "blocks.1.hook_resid_mid": (x: Tensor) => x.add(shift),
  };
  const loss = () => {
    using logits = model.runWithHooks(tokens, { hooks });
    return crossEntropy(logits, targets);
  };
  using value = loss();
  value.backward();
  const { weight } = model.layers[0]!.attn.outputProj;
  const analytic = { gains: await gains.grad!.data(), shift: await shift.grad!.data() };
  assert((await weight.grad!.data()).some((x) => x !== 0));

  // Differences of a float32 loss near 3 are exact to 1e-7 / step.
  const step = 2e-2;
  for (const [name, leaf] of Object.entries({ gains, shift })) {
    const start = await leaf.data();
    const indices = name === "gains" ? [0, 1, 2] : [0, 17, 55, 119];
    for (const i of indices) {
      const at = async (x: number) => {
        leaf.write(start.with(i, x));
        using moved = loss();
        return await moved.item();
      };
      const slope = (await at(start[i]! + step) - await at(start[i]! - step)) / (2 * step);
      assertAlmostEquals(analytic[name as "gains" | "shift"][i]!, slope, 5e-5, `${name} ${i}`);
    }
    leaf.write(start);
  }
  for (const parameter of model.parameters()) parameter.grad?.dispose();
});

gpuTest("a replaced activation takes no gradient to what it replaced", async (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  using constant = device.randn([2, 5, 12], { seed: 3 });
  using logits = model.runWithHooks(tokens, {
    hooks: { "blocks.1.hook_resid_pre": () => constant },
  });
  using total = logits.square().sum();
  total.backward();
  assertEquals(model.tokenEmbeddings!.weight.grad, undefined);
  assertEquals(model.layers[0]!.attn.qProj.weight.grad, undefined);
  assert((await model.layers[1]!.attn.qProj.weight.grad!.data()).some((x) => x !== 0));
  assertEquals(constant.isDisposed, false);
});

gpuTest("a cache made with gradients has them after backward()", async (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = device.tensor(new Int32Array([4, 0, 9]), { shape: [1, 3] });
  using run = model.runWithCache(tokens, { names: ["hook_embed", "hook_z"], gradients: true });
  using total = run.logits.square().sum();
  total.backward();
  const atEmbedding = await run.cache.get("hook_embed").grad!.data();
  const ofWeight = await model.tokenEmbeddings!.weight.grad!.data();
  for (const [position, token] of [4, 0, 9].entries()) {
    assertEquals(
      atEmbedding.slice(position * 12, (position + 1) * 12),
      ofWeight.slice(token * 12, (token + 1) * 12),
    );
  }
  assertEquals(run.cache.get("blocks.1.attn.hook_z").grad!.shape, [1, 3, 3, 4]);
  using plain = model.runWithCache(tokens);
  assertEquals(plain.logits.requiresGrad, false);
});

gpuTest("gradients are the same with and without a look at patterns and scales", async (device) => {
  for (const [title, config] of Object.entries(CONFIGS)) {
    using model = new TransformerLM(device, config, { seed: 1 });
    using tokens = tokensFor(device, model);
    const gradients = async (logits: Tensor) => {
      using held = logits;
      using total = held.square().sum();
      total.backward();
      const found = await device.readAll(model.parameters().map(({ grad }) => grad!));
      for (const parameter of model.parameters()) {
        parameter.grad!.dispose();
        parameter.grad = undefined;
      }
      return found.map((bytes) => new Float32Array(bytes));
    };
    const fused = await gradients(model.forward(tokens));
    using run = model.runWithCache(tokens, { gradients: true });
    const open = await gradients(run.logits);
    for (const [i, [name]] of [...model.namedParameters()].entries()) {
      const largest = Math.max(...fused[i]!.map(Math.abs));
      // Gradients of key biases are zero but for rounding.
      assertClose(open[i]!, fused[i]!, 2e-5 * Math.max(largest, 1), `${title}: ${name}`);
    }
  }
});

gpuTest("activations of a post-norm model are the sums that its norms read", async (device) => {
  for (const ffn of ["swiglu", "none"] as const) {
    using model = new TransformerLM(device, { ...SMALL, normPosition: "post", ffn }, { seed: 1 });
    using tokens = tokensFor(device, model);
    using run = model.runWithCache(tokens);
    const { cache } = run;
    const read = (name: string) => cache.get(`blocks.0.${name}`).data();
    const sums = async (a: string, b: string) => {
      const [x, y] = [await read(a), await read(b)];
      return x.map((value, i) => value + y[i]!);
    };
    const afterAttention = await sums("hook_resid_pre", "hook_attn_out");
    assertEquals(await read(ffn === "none" ? "hook_resid_post" : "hook_resid_mid"), afterAttention);
    // The gains are ones, so that RMSNorm's output is what it normalised.
    assertEquals(
      await read("hook_normalized_resid_post"),
      await read(ffn === "none" ? "ln1.hook_normalized" : "ln2.hook_normalized"),
    );
    if (ffn !== "none") {
      const sum = await sums("ln1.hook_normalized", "hook_mlp_out");
      assertEquals(await read("hook_resid_post"), sum);
    }
    assertEquals(
      await cache.get("blocks.1.hook_resid_pre").data(),
      await read("hook_normalized_resid_post"),
    );
  }
});

gpuTest("patterns of later tokens see the keys that a cache holds", async (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = device.tensor(new Int32Array([4, 0, 9, 2, 7]), { shape: [1, 5] });
  using whole = model.runWithCache(tokens, { names: "blocks.1.attn.hook_pattern" });
  using keysAndValues = model.createCache();
  using first = device.tensor(new Int32Array([4, 0, 9]), { shape: [1, 3] });
  using rest = device.tensor(new Int32Array([2, 7]), { shape: [1, 2] });
  using _logits = noGrad(() => model.forward(first, { cache: keysAndValues }));
  let pattern: Tensor | undefined;
  const look = (x: Tensor) => void (pattern = x.detach().keep());
  const hooks = Hooks.from({ "blocks.1.attn.hook_pattern": look }, model.hookNames());
  using _more = noGrad(() => model.forward(rest, { cache: keysAndValues, hooks }));
  using seen = pattern!;
  assertEquals(seen.shape, [1, 3, 2, 5]);
  using later = whole.cache.get("hook_pattern").slice({ axis: 2, start: 3 });
  assertClose(await seen.data(), await later.data(), 1e-6);
});

gpuTest("what is kept of a pass is freed by its cache or the scope around it", (device) => {
  using model = new TransformerLM(device, SMALL, { seed: 1 });
  using tokens = tokensFor(device, model);
  const { liveTensors } = device.memory();
  let kept: Tensor | undefined;
  {
    using _scope = device.scope();
    const { cache } = model.runWithCache(tokens);
    model.runWithHooks(tokens, {
      hooks: [[/hook_q$/, (q) => {
        kept?.dispose();
        kept = q.detach().keep();
        return q.mul(2).add(1);
      }]],
    });
    assertEquals(cache.get("hook_embed").isDisposed, false);
  }
  assertEquals(kept!.shape, [2, 5, 3, 4]);
  kept!.dispose();
  assertEquals(device.memory().liveTensors, liveTensors);

  const run = model.runWithCache(tokens);
  run.dispose();
  run.dispose();
  assertEquals(device.memory().liveTensors, liveTensors);
  assertThrows(
    () =>
      model.runWithHooks(tokens, {
        hooks: { "blocks.1.attn.hook_z": (z) => z.sum({ axis: 2 }) },
      }),
    TypeError,
    "Cannot replace blocks.1.attn.hook_z, f32 [2, 5, 3, 4], by f32 [2, 5, 4]: needs the same shape",
  );
  assertEquals(device.memory().liveTensors, liveTensors);
});

gpuTest("what no kernel has to be split for costs none to look at", (device) => {
  for (const [title, config] of Object.entries(CONFIGS)) {
    using model = new TransformerLM(device, config, { seed: 1 });
    using tokens = tokensFor(device, model);
    const dispatches = (run: () => { dispose(): void }) => {
      const before = device.runtime.recorder.counts.dispatches;
      run().dispose();
      return device.runtime.recorder.counts.dispatches - before;
    };
    const plain = dispatches(() => model.forward(tokens));
    const fused = hookNames(config).filter((name) =>
      !/scores|pattern|hook_scale|mlp\.|_out$/.test(name) &&
      !(model.config.norm === "rms" && name.endsWith("normalized")) &&
      !(model.config.position === "rope" && /hook_[qk]$/.test(name))
    );
    assertEquals(dispatches(() => model.runWithCache(tokens, { names: fused })), plain, title);
    const looked = dispatches(() => model.runWithCache(tokens, { names: "hook_pattern" }));
    assert(looked > plain, title);
  }
});

gpuTest(
  "a forward pass without hooks launches no more kernels than its layers need",
  (device) => {
    const expected = { "RMSNorm, rotary, SwiGLU": 25, "GPT-2": 26, "post-norm": 29, "no norm": 16 };
    for (const [title, most] of Object.entries(expected)) {
      using model = new TransformerLM(device, CONFIGS[title]!, { seed: 1 });
      using tokens = tokensFor(device, model);
      const before = device.runtime.recorder.counts.dispatches;
      using _logits = model.forward(tokens);
      const dispatches = device.runtime.recorder.counts.dispatches - before;
      assert(dispatches <= most, `${title}: ${dispatches} kernels, needs at most ${most}`);
    }
  },
);
