/** Lines of scripted logs. */
import type { LogLine } from "../types";
import { noise, second } from "./world";

const messages = [
  "\u001b[32mINFO\u001b[0m  GET /api/products 200 12ms",
  "\u001b[32mINFO\u001b[0m  GET /api/cart 200 4ms",
  "\u001b[33mWARN\u001b[0m  slow query: select * from orders where customer = $1 (412 ms)",
  "\u001b[32mINFO\u001b[0m  POST /api/cart 201 9ms",
  "\u001b[31mERROR\u001b[0m connection to orders-db reset, trying again",
  "cache of 512 Mi: 93% of requests answered",
];

/** The line with this number; the same for every run. */
export function logLine(index: number, end: number, total: number): LogLine {
  const at = end - (total - index) * 0.4 * second - Math.floor(noise(index) * 300);
  if (index === 0) return { at, text: "starting on :8080" };
  return { at, text: messages[Math.floor(noise(index * 3) * messages.length)] ?? "" };
}
