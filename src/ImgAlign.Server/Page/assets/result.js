// The picture in the middle: as it forms, and when it is done.
import { isFinished } from "./api.js";
import { sharpen } from "./compare.js";

const get = id => document.getElementById(id);
const png = text => `data:image/png;base64,${text}`;

const stages = {
  encodePrompt: "reading the prompt",
  encodeStart: "reading the picture",
  generate: "drawing",
  decode: "developing the picture",
  encodeImage: "looking at the picture",
  detect: "looking for what is wrong",
  align: "aligning",
  score: "comparing",
};

const actions = {
  align: "aligned",
  resample: "other noise",
  alignAndResample: "aligned, other noise",
  rewrite: "prompt mended",
};

let pictures = [];

export function clear() {
  pictures = [];
  for (const id of ["compare", "live", "tools", "scores", "progress"]) get(id).hidden = true;
  get("empty").hidden = false;
  get("empty").textContent = "The picture appears here as it forms.";
  get("status").classList.remove("problem");
  get("status").textContent = "Write what the picture should show, and draw.";
  get("strip").replaceChildren();
  get("critique").replaceChildren();
}

export function showProgress(progress) {
  get("progress").hidden = false;
  get("progress").value = progress.value;
  const round = progress.round > 0 ? `round ${progress.round}: ` : "";
  const words = `${round}${stages[progress.stage] ?? progress.stage}`;
  const step = progress.steps > 1 ? `, step ${progress.step} of ${progress.steps}` : "";
  get("status").textContent = `${words[0].toUpperCase()}${words.slice(1)}${step}`;
}

export function showAway() {
  get("status").textContent = "The server is away; the page asks again.";
}

export function showPreview(text) {
  showLive(png(text), "The picture as it forms");
}

export function addPicture(text) {
  put({ name: "first", source: png(text), accepted: true });
  showLive(png(text), "The first picture");
}

export function addCandidate(candidate) {
  // A browser that connects again is told of it a second time.
  if (put(toPicture(candidate, png(candidate.png)))) addCritique(candidate);
  showLive(png(candidate.png), `Picture ${candidate.number}`);
}

export function showState(job) {
  const words = {
    queued: job.attempt > 0 ? "The worker was lost; the job runs again." : "Waiting for its turn.",
    running: "Beginning.",
    succeeded: "Done.",
    failed: job.error?.message ?? "Failed.",
    cancelled: "Cancelled.",
  };
  get("status").textContent = words[job.state];
  get("progress").hidden = isFinished(job);
  get("status").classList.toggle("problem", job.state === "failed");
  get("tools").hidden = !isFinished(job);
  if (isFinished(job)) get("empty").textContent = "No picture was finished.";
  for (const id of ["which", "download"]) get(id).hidden = true;
  Object.assign(get("record"), { href: `/api/jobs/${job.id}`, download: `imgalign-${job.request.seed}.json` });
  if (job.result) showResult(job, 0);
}

// Shows one picture of a finished job, which may have several, of other seeds.
export function showResult(job, index) {
  const picture = job.result.pictures[index];
  pictures = [];
  get("strip").replaceChildren();
  get("critique").replaceChildren();
  if (picture.before) {
    put({ name: "first", source: picture.before, accepted: true });
    for (const candidate of picture.candidates) {
      put(toPicture(candidate, candidate.image));
      addCritique(candidate);
    }
    select(pictures.findLastIndex(shown => shown.source === picture.image));
  } else {
    showLive(picture.image, job.request.prompt);
  }
  for (const warning of picture.warnings) get("critique").appendChild(document.createElement("p")).textContent = warning;
  showScores(picture);
  Object.assign(get("download"), { href: picture.image, download: `imgalign-${picture.seed}.png`, hidden: false });
  get("which").hidden = job.result.pictures.length === 1;
  get("which").replaceChildren(...job.result.pictures.map((one, i) => new Option(`Picture ${i + 1}, seed ${one.seed}`, i)));
  get("which").value = index;
}

function showLive(source, alt) {
  const live = get("live");
  get("compare").hidden = get("empty").hidden = true;
  Object.assign(live, { src: source, alt, hidden: false });
  sharpen(live);
}

const toPicture = (candidate, source) => ({
  name: `${candidate.number}: ${actions[candidate.action]}${candidate.parent > 0 ? ` from ${candidate.parent}` : ""}`,
  source,
  accepted: candidate.accepted,
});

// Whether the picture is a new one.
function put(picture) {
  if (pictures.some(shown => shown.name === picture.name)) return false;
  if (picture.accepted) for (const earlier of get("strip").querySelectorAll(".kept")) setVerdict(earlier, "not-kept", "replaced");
  const at = pictures.push(picture) - 1;
  const button = get("strip").appendChild(document.createElement("li")).appendChild(document.createElement("button"));
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  const image = button.appendChild(new Image());
  Object.assign(image, { src: picture.source, alt: "" });
  sharpen(image);
  button.append(picture.name);
  const verdict = button.appendChild(document.createElement("span"));
  if (picture.accepted) setVerdict(verdict, "kept", "kept");
  else setVerdict(verdict, "not-kept", "not kept");
  button.addEventListener("click", () => select(at));
  return true;
}

function setVerdict(element, className, textContent) {
  Object.assign(element, { className, textContent });
}

function select(index) {
  [...get("strip").querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
  if (index === 0) return showLive(pictures[0].source, "The first picture");
  get("live").hidden = get("empty").hidden = true;
  get("compare").hidden = false;
  get("compare").show(pictures[0].source, pictures[index].source);
}

function addCritique(candidate) {
  if (!candidate.critique) return;
  const asked = get("critique").appendChild(document.createElement("p"));
  asked.className = "asked";
  asked.textContent = candidate.question;
  get("critique").appendChild(document.createElement("p")).textContent = candidate.critique;
}

function showScores(picture) {
  const names = Object.keys(picture.scoresBefore);
  get("scores").hidden = names.length === 0;
  if (names.length === 0) return;
  const table = get("scores").querySelector("table");
  const columns = [["first", picture.scoresBefore], ...picture.candidates.map(tried => [tried.number, tried.scores])];
  table.tHead.replaceChildren(row("th", ["Scorer", ...columns.map(([name]) => name)]));
  table.tBodies[0].replaceChildren(...names.map(name => row("td", [name, ...columns.map(([, scores]) => scores[name]?.toFixed(3) ?? "")])));
}

function row(kind, words) {
  const line = document.createElement("tr");
  for (const [i, word] of words.entries()) {
    const cell = line.appendChild(document.createElement(i === 0 ? "th" : kind));
    cell.textContent = word;
    if (cell.tagName === "TH") cell.scope = kind === "th" ? "col" : "row";
  }
  return line;
}
