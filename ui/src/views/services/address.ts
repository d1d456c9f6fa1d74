/** Where a service is reached. */
import { grouped, unknown } from "$lib/format";
import type { ServicePort, ServiceRow } from "$lib/host/types";

export interface Address {
  text: string;
  /** Where this machine reaches it; none when only the cluster does. */
  reachable: string | null;
  /** Other ports that it has. */
  more: number;
}

/** The address that is shown first: one that this machine reaches, else the one inside the cluster. */
export function addressOf(row: ServiceRow): Address | null {
  const port = row.ports.find((one) => one.reachable !== null);
  const more = Math.max(0, row.ports.length - 1);
  if (port?.reachable != null) return { text: port.reachable, reachable: port.reachable, more };
  const first = row.ports[0];
  if (row.clusterAddress === null) return null;
  return { text: first === undefined ? row.clusterAddress : `${row.clusterAddress}:${first.port}`, reachable: null, more };
}

/** A browser's address of a port on this machine. */
export function urlOf(reachable: string): string {
  return `${/:(443|8443|6443)$/.test(reachable) ? "https" : "http"}://${reachable}`;
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
