/** The views of the main window, by name. */
import type { Component } from "svelte";
import type { ViewId } from "$lib/host/types";
import ConfiguratorView from "./configurator/ConfiguratorView.svelte";
import DiagnosticsView from "./diagnostics/DiagnosticsView.svelte";
import EventsView from "./events/EventsView.svelte";
import ImagesView from "./images/ImagesView.svelte";
import LogsView from "./logs/LogsView.svelte";
import OverviewView from "./overview/OverviewView.svelte";
import ServicesView from "./services/ServicesView.svelte";
import VolumesView from "./volumes/VolumesView.svelte";
import WorkloadsView from "./workloads/WorkloadsView.svelte";

export const views: Record<ViewId, Component> = {
  overview: OverviewView,
  workloads: WorkloadsView,
  services: ServicesView,
  images: ImagesView,
  volumes: VolumesView,
  events: EventsView,
  logs: LogsView,
  configuration: ConfiguratorView,
  diagnostics: DiagnosticsView,
};
