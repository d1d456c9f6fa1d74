import { mount } from "svelte";
import { createHost } from "$host";
import "$lib/base.css";
import MainWindow from "./frame/MainWindow.svelte";

const target = document.getElementById("app");
if (target !== null) mount(MainWindow, { target, props: { host: createHost() } });
