import { assertEquals } from "@std/assert";
import {
  alignColumns,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatInteger,
  wrap,
} from "../../cli/format.ts";

Deno.test("formatCount() keeps at most three digits", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [7, "7"],
    [2.345, "2.3"],
    [999, "999"],
    [1000, "1.0k"],
    [1234, "1.2k"],
    [12_345, "12.3k"],
    [99_960, "100k"],
    [123_456, "123k"],
    [999_499, "999k"],
    [999_950, "1.0M"],
    [3_400_000, "3.4M"],
    [-1500, "-1.5k"],
    [NaN, "NaN"],
  ];
  for (const [value, text] of cases) assertEquals(formatCount(value), text);
});

Deno.test("formatBytes() uses binary units", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [512, "512 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [128 * 2 ** 20, "128 MiB"],
    [2 ** 31 - 1, "2.0 GiB"],
    [2 ** 31, "2 GiB"],
  ];
  for (const [value, text] of cases) assertEquals(formatBytes(value), text);
});

Deno.test("formatInteger() groups digits", () => {
  assertEquals([0, 999, 1000, 1_234_567, -12_345].map(formatInteger), [
    "0",
    "999",
    "1,000",
    "1,234,567",
    "-12,345",
  ]);
});

Deno.test("formatDuration() never shows 60 seconds or 60 minutes", () => {
  const cases: [number, string][] = [
    [0.42, "0.4s"],
    [9.96, "10s"],
    [42, "42s"],
    [59.6, "1m 00s"],
    [65, "1m 05s"],
    [3599.7, "1h 00m"],
    [7380, "2h 03m"],
    [Infinity, "?"],
  ];
  for (const [value, text] of cases) assertEquals(formatDuration(value), text);
});

Deno.test("formatClock() counts in minutes, then hours", () => {
  assertEquals([0, 42, 725, 3723, NaN].map(formatClock), ["0:00", "0:42", "12:05", "1:02:03", "?"]);
});

Deno.test("wrap() breaks at words and keeps line breaks", () => {
  assertEquals(wrap("one two three\nfour", 8), "one two\nthree\nfour");
  assertEquals(wrap("incomprehensibility", 8), "incomprehensibility");
});

Deno.test("alignColumns() leaves no blanks at line ends", () => {
  assertEquals(alignColumns([["a", "b", ""], ["long", "c", "d"]]), "a     b\nlong  c  d");
});
