import { mount } from "svelte";
import { createHost } from "$host";
import "$lib/base.css";
import SettingsFrame from "./frame/SettingsFrame.svelte";

const target = document.getElementById("app");
if (target !== null) mount(SettingsFrame, { target, props: { host: createHost() } });
