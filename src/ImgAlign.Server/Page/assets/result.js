// The picture in the middle: as it forms, and when it is done.
import { isFinished } from "./api.js";
import { sharpen } from "./compare.js";

const get = id => document.getElementById(id);
const png = text => `data:image/png;base64,${text}`;

const stages = {
  encodePrompt: "Reading the prompt",
  encodeStart: "Reading the picture",
  generate: "Drawing",
  decode: "Developing the picture",
  encodeImage: "Looking at the picture",
  detect: "Looking for what is wrong",
  align: "Aligning",
  score: "Comparing",
};

let pictures = [];

export function clear() {
  pictures = [];
  for (const id of ["compare", "live", "tools", "scores", "progress"]) get(id).hidden = true;
  get("strip").replaceChildren();
  get("critique").replaceChildren();
}

export function showProgress(progress) {
  get("progress").hidden = false;
  get("progress").value = progress.value;
  const round = progress.round > 0 ? `round ${progress.round}: ` : "";
  const words = stages[progress.stage] ?? progress.stage;
  get("status").textContent = `${round}${words}${progress.steps > 1 ? `, step ${progress.step} of ${progress.steps}` : ""}`;
}

export function showPreview(text) {
  get("compare").hidden = true;
  showLive(png(text), "The picture as it forms");
}

export function addPicture(text) {
  put({ name: "before", source: png(text) });
  showLive(png(text), "The first picture");
}

export function addRound(round) {
  // A browser that connects again is told of it a second time.
  if (put({ name: `round ${round.number}`, source: png(round.png), accepted: round.accepted })) addCritique(round);
  showLive(png(round.png), `The picture of round ${round.number}`);
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
  if (job.result) showResult(job);
}

function showResult(job) {
  const picture = job.result.pictures[0];
  pictures = [];
  get("strip").replaceChildren();
  get("critique").replaceChildren();
  if (picture.before) {
    put({ name: "before", source: picture.before });
    for (const round of picture.rounds) {
      put({ name: `round ${round.number}`, source: round.image, accepted: round.accepted });
      addCritique(round);
    }
    const kept = pictures.findLastIndex(shown => shown.source === picture.image);
    select(kept > 0 ? kept : picture.rounds.length);
  } else {
    showLive(picture.image, job.request.prompt);
  }
  for (const warning of picture.warnings) get("critique").appendChild(document.createElement("p")).textContent = warning;
  showScores(picture);
  const name = `imgalign-${picture.seed}`;
  Object.assign(get("download"), { href: picture.image, download: `${name}.png` });
  Object.assign(get("record"), { href: `/api/jobs/${job.id}`, download: `${name}.json` });
  get("tools").hidden = false;
}

function showLive(source, alt) {
  const live = get("live");
  get("compare").hidden = true;
  Object.assign(live, { src: source, alt, hidden: false });
  sharpen(live);
}

// Whether the picture is a new one.
function put(picture) {
  if (pictures.some(shown => shown.name === picture.name)) return false;
  const at = pictures.push(picture) - 1;
  const button = get("strip").appendChild(document.createElement("li")).appendChild(document.createElement("button"));
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  const image = button.appendChild(new Image());
  Object.assign(image, { src: picture.source, alt: "" });
  sharpen(image);
  button.append(picture.name);
  if (picture.accepted !== undefined) {
    const verdict = button.appendChild(document.createElement("span"));
    verdict.className = picture.accepted ? "kept" : "not-kept";
    verdict.textContent = picture.accepted ? "kept" : "not kept";
  }
  button.addEventListener("click", () => select(at));
  return true;
}

function select(index) {
  [...get("strip").querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
  if (index === 0) return showLive(pictures[0].source, "The picture before");
  get("live").hidden = true;
  get("compare").hidden = false;
  get("compare").show(pictures[0].source, pictures[index].source);
}

function addCritique(round) {
  if (!round.critique) return;
  const asked = get("critique").appendChild(document.createElement("p"));
  asked.className = "asked";
  asked.textContent = round.question;
  get("critique").appendChild(document.createElement("p")).textContent = round.critique;
}

function showScores(picture) {
  const names = Object.keys(picture.scoresBefore);
  const table = get("scores");
  table.hidden = names.length === 0;
  if (table.hidden) return;
  const columns = [["before", picture.scoresBefore], ...picture.rounds.map(round => [`round ${round.number}`, round.scores])];
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
