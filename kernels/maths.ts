/**
 * WGSL functions that the language lacks, or that drivers get wrong: not-a-number that survives
 * comparisons, exact powers, the error function. A kernel includes those its expressions call.
 *
 * @module
 */

/** Source by name, in an order in which later functions may call earlier ones */
const MATHS: Readonly<Record<string, string>> = {
  // Compilers may fold `x != x` to false; the bit pattern they leave alone.
  is_nan: `fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,

  max_nan: `fn max_nan(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  return select(max(a, b), b, is_nan(b));
}`,

  min_nan: `fn min_nan(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  return select(min(a, b), b, is_nan(b));
}`,

  // tanh from exp loses the small arguments: there its Taylor series is exact to the last digit.
  // Large arguments would overflow exp.
  tanh_: `fn tanh_(x: f32) -> f32 {
  let s = x * x;
  let series = x * (1.0 + s * (-0.333333333 + s * (0.133333333 + s * -0.0539682540)));
  let e = exp(-2.0 * abs(x));
  let t = (1.0 - e) / (1.0 + e);
  return select(select(t, -t, x < 0.0), series, abs(x) < 0.15);
}`,

  square_tanh: `fn square_tanh(x: f32) -> f32 { let t = tanh_(x); return t * t; }`,

  sigmoid_: `fn sigmoid_(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`,

  // The rational approximation of Numerical Recipes (erfcc): erfc to a relative error of 1.2e-7, so
  // erf to about the last digit of numbers near 1; nearer to 0 the error stays at 1e-7 absolute.
  erf_: `fn erf_(x: f32) -> f32 {
  let z = abs(x);
  let t = 1.0 / (1.0 + 0.5 * z);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
    + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let r = 1.0 - t * exp(p - z * z);
  return select(r, -r, x < 0.0);
}`,

  // WGSL leaves powers of negative numbers undefined; IEEE defines them for whole exponents.
  power: `fn power(a: f32, b: f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  if (b == 1.0) { return a; }
  if (b == 2.0) { return a * a; }
  if (b == 3.0) { return a * a * a; }
  if (b == 0.5) { return sqrt(a); }
  if (b == -1.0) { return 1.0 / a; }
  let whole = b == floor(b);
  let odd = whole && abs(b) < 16777216.0 && (i32(b) & 1) == 1;
  if (a == 0.0) { return select(bitcast<f32>(0x7f800000u + u32(b) * 0u), 0.0, b > 0.0); }
  if (a < 0.0 && !whole) { return bitcast<f32>(0x7fc00000u + u32(abs(b)) * 0u); }
  let p = pow(abs(a), b);
  return select(p, -p, a < 0.0 && odd);
}`,
};

/** The functions that `expression` calls, directly or through others */
export function mathsFor(expression: string): string {
  const included: string[] = [];
  let text = expression;
  for (const [name, source] of Object.entries(MATHS).reverse()) {
    if (new RegExp(`\\b${name}\\(`).test(text)) {
      included.unshift(source);
      text += source;
    }
  }
  return included.join("\n");
}
