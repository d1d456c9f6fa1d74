/** Where a service is reached. */
import { grouped, unknown } from "$lib/format";
import type { ServicePort, ServiceRow } from "$lib/host/types";

export interface Address {
  text: string;
  /** What a browser on this machine opens; none when only the cluster reaches it. */
  url: string | null;
  /** Other ports that it has. */
  more: number;
}

/** The address that is shown first: one that this machine reaches, else the one inside the cluster. */
export function addressOf(row: ServiceRow): Address | null {
  const port = row.ports.find((one) => one.reachable !== null);
  const more = Math.max(0, row.ports.length - 1);
  if (port?.reachable != null) return { text: port.reachable, url: urlOf(port), more };
  const first = row.ports[0];
  if (row.clusterAddress === null) return null;
  return { text: first === undefined ? row.clusterAddress : `${row.clusterAddress}:${first.port}`, url: null, more };
}

/** What a browser opens for a port that this machine reaches. The port of the service tells the protocol, not the local one. */
export function urlOf(port: ServicePort): string | null {
  if (port.reachable === null) return null;
  const secure = [443, 6443, 8443].includes(port.port) || port.name?.startsWith("https") === true;
  return `${secure ? "https" : "http"}://${port.reachable}`;
}

/** `http 80/TCP, node 30080` */
export function portText(port: ServicePort): string {
  return [port.name, `${port.port}/${port.protocol}`].filter(Boolean).join(" ") + (port.nodePort === null ? "" : `, node ${port.nodePort}`);
}

/** How many backends are ready, in words when none is. */
export function backendWords(row: ServiceRow): string {
  if (row.backends === null) return unknown;
  return row.backends === 0 ? "none ready" : grouped(row.backends);
}
