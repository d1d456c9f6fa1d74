import { expect, it } from "vitest";
import { service } from "$lib/host/scripted/world";
import { addressOf, backendWords, portText, urlOf } from "./address";

const port = (number: number, reachable: string | null = null) => ({ name: null, port: number, protocol: "TCP", nodePort: null, reachable });

it("an address that this machine reaches comes first", () => {
  const row = service("shop", "web", { ports: [port(9000), port(80, "127.0.0.1:8080")] });
  expect(addressOf(row)).toEqual({ text: "127.0.0.1:8080", url: "http://127.0.0.1:8080", more: 1 });
});

it("else the one inside the cluster, and a headless service has none", () => {
  expect(addressOf(service("shop", "web", { ports: [port(9000)] }))).toEqual({ text: "10.96.4.17:9000", url: null, more: 0 });
  expect(addressOf(service("shop", "web", { clusterAddress: null }))).toBeNull();
});

it("ports that speak TLS open with https, whatever the local port", () => {
  expect(urlOf(port(443, "127.0.0.1:9000"))).toBe("https://127.0.0.1:9000");
  expect(urlOf({ ...port(9000, "127.0.0.1:8080"), name: "https-web" })).toBe("https://127.0.0.1:8080");
  expect(urlOf(port(80, "127.0.0.1:8443"))).toBe("http://127.0.0.1:8443");
  expect(urlOf(port(80))).toBeNull();
});

it("ports and backends in words", () => {
  expect(portText({ name: "http", port: 80, protocol: "TCP", nodePort: 30080, reachable: null })).toBe("http 80/TCP, node 30080");
  expect([0, 3, null].map((backends) => backendWords(service("a", "b", { backends })))).toEqual(["none ready", "3", "–"]);
});
