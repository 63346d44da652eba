"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const perPage = 20;
let first = 0;

// Tables sort by the column whose head is pressed; pressed again, the other way round.
for (const head of document.querySelectorAll("th")) {
  head.addEventListener("click", () => {
    const column = head.cellIndex;
    const body = head.closest("table").tBodies[0];
    const sign = head.dataset.ascending === "true" ? -1 : 1;
    head.dataset.ascending = String(sign === 1);
    const value = row => {
      const text = row.cells[column].textContent;
      return Number.isNaN(parseFloat(text)) ? text : parseFloat(text);
    };
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    body.append(...[...body.rows].sort((a, b) => sign * compare(value(a), value(b))));
  });
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}

function link(text, address) {
  const made = element("a", text);
  made.href = address;
  return made;
}

// How far the arms' scores of a prompt are apart.
function spread(prompt, scorer) {
  const scores = prompt.pictures.map(picture => picture.scores[scorer]).filter(score => score !== null);
  return scores.length < 2 ? -1 : Math.max(...scores) - Math.min(...scores);
}

const orders = [["as in the file", () => 0]];
data.scorers.forEach((scorer, place) => {
  orders.push([`arms differ most by ${scorer}`, (a, b) => spread(b, place) - spread(a, place)]);
  data.arms.forEach((arm, index) => {
    const score = prompt => prompt.pictures[index].scores[place] ?? -Infinity;
    orders.push([`${arm} best by ${scorer}`, (a, b) => (score(b) === score(a) ? 0 : score(b) - score(a))]);
  });
});

const byId = name => document.getElementById(name);
orders.forEach(([name], index) => byId("order").append(new Option(name, index)));
byId("order").selectedIndex = orders.length > 1 ? 1 : 0;
const categories = [...new Set(data.prompts.map(prompt => prompt.category).filter(category => category !== null))];
byId("category").append(new Option("all", ""), ...categories.map(category => new Option(category, category)));

function chosen() {
  const [category, words] = [byId("category").value, byId("search").value.toLowerCase()];
  return data.prompts
    .filter(prompt => category === "" || prompt.category === category)
    .filter(prompt => prompt.prompt.toLowerCase().includes(words))
    .filter(prompt => !byId("failed").checked || prompt.pictures.some(picture => picture.failure !== null))
    .sort(orders[byId("order").value][1]);
}

function figure(picture, arm) {
  const made = document.createElement("figure");
  if (picture.place !== null) {
    const image = document.createElement("img");
    image.src = data.thumbnails[picture.place];
    image.alt = arm;
    const full = link("", data.files[picture.place]);
    full.append(image);
    made.append(full);
  }
  const caption = element("figcaption", `${arm} `);
  picture.scores.forEach((score, place) => {
    if (score !== null) caption.append(element("div", `${data.scorers[place]}: ${score.toPrecision(4)}`));
  });
  if (picture.place !== null) caption.append(link(`record (seed ${picture.seed})`, data.records[picture.place]));
  if (picture.failure !== null) {
    const failure = element("div", picture.failure);
    failure.className = "failure";
    caption.append(failure);
  }
  made.append(caption);
  return made;
}

function show() {
  const prompts = chosen();
  first = Math.max(0, Math.min(first, Math.floor((prompts.length - 1) / perPage) * perPage));
  const shown = prompts.slice(first, first + perPage);
  byId("place").textContent = `${prompts.length === 0 ? 0 : first + 1} to ${first + shown.length} of ${prompts.length}`;
  byId("pictures").replaceChildren(
    ...shown.map(prompt =>
      element(
        "article",
        "",
        element("h3", prompt.category === null ? prompt.prompt : `${prompt.prompt} (${prompt.category})`),
        ...prompt.pictures.map((picture, index) => figure(picture, data.arms[index])),
      ),
    ),
  );
}

function restart() {
  first = 0;
  show();
}

byId("filter").addEventListener("input", restart);
byId("filter").addEventListener("submit", event => event.preventDefault());
byId("back").addEventListener("click", () => { first -= perPage; show(); });
byId("next").addEventListener("click", () => { first += perPage; show(); });
show();
