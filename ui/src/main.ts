import "./look/tokens.css";
import "./look/shapes.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { model } from "./lib/model.svelte";
import { wear } from "./lib/settings.svelte";

model.start();
await wear();
mount(App, { target: document.body });
