// The page: orders jobs, follows one of them, and lists those that there were. Text is only ever set as text.
import * as api from "./api.js";
import { sharpen } from "./compare.js";
import { showGuide } from "./guide.js";
import * as result from "./result.js";

const get = id => document.getElementById(id);
const pageSize = 20;
const previews = 8;

const presets = {
  Generate: { policy: "rounds", amount: 0 },
  Align: { policy: "rounds", amount: 1 },
  "Align twice": { policy: "rounds", amount: 2 },
  Search: { policy: "greedy", amount: 4 },
  Fast: { policy: "rounds", amount: 1, steps: 10 },
};

const policies = {
  rounds: { label: "Rounds", help: "Each round aligns the picture that was kept; 0 only generates.", min: 0, max: 10 },
  "best-of-n": { label: "Pictures", help: "Draws so many from other noise, and keeps the best.", min: 1, max: 100 },
  greedy: { label: "Pictures", help: "Aligns, draws from other noise or mends the prompt, by what came of the last picture.", min: 1, max: 100 },
};

let current = null; // the job that is shown
let unfollow = () => {};
let given = null; // a picture to align, as a data URL
let shown = 0; // jobs of the history

start();

async function start() {
  for (const name of Object.keys(presets)) {
    const button = get("presets").appendChild(document.createElement("button"));
    Object.assign(button, { type: "button", textContent: name });
    button.addEventListener("click", () => takePreset(name));
  }
  get("policy").addEventListener("change", showPolicy);
  get("order").addEventListener("input", markPreset);
  takePreset("Align");
  get("order").addEventListener("submit", event => attempt(event, draw));
  get("cancel").addEventListener("click", event => attempt(event, () => api.cancel(current.id)));
  get("repeat").addEventListener("click", event => attempt(event, () => again(current.request.seed)));
  get("vary").addEventListener("click", event => attempt(event, () => again(null)));
  get("remove").addEventListener("click", event => attempt(event, remove));
  get("which").addEventListener("change", () => result.showResult(current, Number(get("which").value)));
  get("more").addEventListener("click", event => attempt(event, () => showHistory(shown)));
  get("search").addEventListener("input", debounce(() => showHistory(0), 250));
  get("picture").addEventListener("change", () => takePicture(get("picture").files[0]));
  get("given-remove").addEventListener("click", () => setGiven(null));
  get("login-form").addEventListener("submit", login);
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", () => document.hidden || attempt(null, () => showHistory(0)));
  window.addEventListener("hashchange", showFromAddress);
  watchDrops();
  await attempt(null, async () => {
    const server = await api.server();
    get("model").textContent = server.model;
    if (server.guide) showGuide(server.guide, get("prompt"));
    await showHistory(0);
    await showFromAddress();
  });
}

// Shows what goes wrong, and asks for the key where one is needed.
async function attempt(event, action) {
  event?.preventDefault();
  get("problem").hidden = true;
  try {
    await action();
  } catch (error) {
    if (error.status === 401) return get("login").showModal();
    get("problem").textContent = error.message;
    get("problem").hidden = false;
  }
}

async function login(event) {
  event.preventDefault();
  try {
    await api.openSession(get("key").value);
    location.reload();
  } catch (error) {
    get("login-problem").textContent = error.message;
    get("login-problem").hidden = false;
  }
}

function number(id) {
  return get(id).value.trim() === "" ? undefined : Number(get(id).value);
}

async function draw() {
  const policy = get("policy").value;
  const method = policy === "rounds" ? { rounds: number("amount") } : { policy, budget: number("amount") };
  await order({
    prompt: get("prompt").value.trim(),
    seed: number("seed"),
    ...method,
    steps: number("steps"),
    guidance: number("guidance"),
    image: given ?? undefined,
    previews,
  });
}

async function again(seed) {
  const { image, ...request } = current.request;
  await order({ ...request, seed, image: image ? await toDataUrl(await (await fetch(image)).blob()) : undefined });
}

async function order(request) {
  get("draw").disabled = true; // a second click would be a second job
  try {
    const job = await api.submit(request);
    location.hash = job.id;
    get("stage").scrollIntoView({ block: "nearest" });
    await showHistory(0);
  } finally {
    get("draw").disabled = false;
  }
}

async function remove() {
  await api.remove(current.id);
  current = null;
  location.hash = "";
  result.clear();
  await showHistory(0);
}

async function showFromAddress() {
  const id = location.hash.slice(1);
  if (!/^[0-9a-f]{32}$/.test(id) || id === current?.id) return; // other addresses are places on the page
  await attempt(null, async () => show(await api.find(id)));
}

function show(job) {
  unfollow();
  current = job;
  result.clear();
  result.showState(job);
  mark();
  if (api.isFinished(job)) return setRunning(false);
  setRunning(true);
  const id = job.id;
  unfollow = api.follow(id, onEvent, result.showAway, () => attempt(null, async () => show(await api.find(id))));
}

function onEvent(event) {
  if (event.type === "progress") result.showProgress(event.progress);
  else if (event.item > 0) return; // the first picture is the one that is shown
  else if (event.type === "preview") result.showPreview(event.png);
  else if (event.type === "picture") result.addPicture(event.png);
  else if (event.type === "candidate") result.addCandidate(event);
  else if (event.type === "state") onState(event.job);
}

function onState(job) {
  if (job.attempt !== current.attempt) result.clear();
  current = job;
  result.showState(job);
  get("jobs").querySelector(`[data-id="${job.id}"]`)?.closest("li").replaceWith(toItem(job));
  mark();
  if (!api.isFinished(job)) return;
  unfollow();
  setRunning(false);
}

function setRunning(isRunning) {
  get("cancel").hidden = !isRunning;
}

function takePreset(name) {
  const { policy, amount, steps } = presets[name];
  get("policy").value = policy;
  showPolicy();
  get("amount").value = amount;
  get("steps").value = steps ?? "";
  markPreset();
}

function markPreset() {
  for (const button of get("presets").children) {
    const { policy, amount, steps } = presets[button.textContent];
    const isTaken = get("policy").value === policy && number("amount") === amount && number("steps") === steps;
    button.setAttribute("aria-pressed", String(isTaken));
  }
}

function showPolicy() {
  const { label, help, min, max } = policies[get("policy").value];
  get("amount-label").textContent = label;
  get("policy-help").textContent = help;
  Object.assign(get("amount"), { min, max });
  if (Number(get("amount").value) < min) get("amount").value = min;
  markPreset();
}

function onKey(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) get("order").requestSubmit();
  else if (event.key === "Escape" && !get("cancel").hidden && !get("login").open) get("cancel").click();
}

function watchDrops() {
  const drop = get("drop");
  document.addEventListener("dragover", event => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", event => event.relatedTarget ?? drop.classList.remove("over"));
  document.addEventListener("drop", event => {
    event.preventDefault();
    drop.classList.remove("over");
    takePicture(event.dataTransfer.files[0]);
  });
}

async function takePicture(file) {
  if (file) await attempt(null, async () => setGiven(await toDataUrl(file)));
}

function setGiven(picture) {
  given = picture;
  get("given").hidden = picture === null;
  if (picture === null) get("picture").value = "";
  else get("given-image").src = picture;
  if (picture !== null && Number(get("amount").value) === 0) takePreset("Align");
}

function toDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(new Error("The picture cannot be read.")));
    reader.readAsDataURL(blob);
  });
}

async function showHistory(offset) {
  const { jobs, more } = await api.list(get("search").value, offset, pageSize);
  const items = jobs.map(toItem);
  if (offset === 0) get("jobs").replaceChildren(...items);
  else get("jobs").append(...items);
  shown = offset + jobs.length;
  get("more").hidden = !more;
  mark();
}

function toItem(job) {
  const item = document.createElement("li");
  const button = item.appendChild(document.createElement("button"));
  button.type = "button";
  button.dataset.id = job.id;
  const source = job.result?.pictures[0]?.image;
  const image = button.appendChild(document.createElement(source ? "img" : "span"));
  if (source) {
    Object.assign(image, { src: source, alt: "", loading: "lazy" });
    sharpen(image);
  } else {
    image.className = "none";
  }
  const entry = button.appendChild(document.createElement("span"));
  const words = entry.appendChild(document.createElement("span"));
  words.className = "words";
  words.textContent = job.request.prompt;
  const state = entry.appendChild(document.createElement("span"));
  state.className = "state";
  state.textContent = `${job.state === "succeeded" ? "" : `${job.state}, `}seed ${job.request.seed}`;
  button.addEventListener("click", () => (location.hash = job.id));
  return item;
}

function mark() {
  for (const button of get("jobs").querySelectorAll("button")) button.setAttribute("aria-current", String(button.dataset.id === current?.id));
}

function debounce(action, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => attempt(null, action), milliseconds);
  };
}
