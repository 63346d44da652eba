// What the model can draw: its pattern as a sentence of choices, and whole prompts to take.
export function showGuide(guide, prompt) {
  document.querySelector("#guide").hidden = false;
  document.querySelector("#guide-text").textContent = guide.explanation;
  const pattern = document.querySelector("#guide-pattern");
  const seen = {};
  const choices = [];
  const form = []; // the regular expression of a sentence of the pattern, in pieces
  for (const part of guide.pattern.split(/(\[[^\]]+\])/)) {
    const name = part.match(/^\[(.+)\]$/)?.[1];
    if (!name) {
      pattern.append(part.trim());
      form.push(quote(part.trim()));
      continue;
    }
    const count = (seen[name] = (seen[name] ?? 0) + 1);
    const choice = pattern.appendChild(document.createElement("select"));
    choice.setAttribute("aria-label", `${name} ${count}`);
    for (const word of guide.choices[name]) choice.add(new Option(word));
    choice.selectedIndex = (count - 1) % choice.length;
    choice.addEventListener("change", take);
    choices.push(choice);
    form.push(`(${guide.choices[name].map(quote).join("|")})`);
  }
  prompt.addEventListener("input", follow);
  for (const example of guide.examples) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: example });
    button.addEventListener("click", () => set(example));
    document.querySelector("#guide-examples").appendChild(document.createElement("li")).append(button);
  }
  if (prompt.value) follow();
  else set(guide.examples[0]);

  function take() {
    set([...pattern.childNodes].map(node => node.value ?? node.textContent).join(" "));
  }

  // The choices are those of the prompt, where it is a sentence of the pattern.
  function follow() {
    const words = prompt.value.trim().match(new RegExp(`^${form.filter(Boolean).join(" ")}$`)) ?? [];
    for (const [i, word] of words.slice(1).entries()) choices[i].value = word;
  }

  function set(text) {
    prompt.value = text;
    prompt.dispatchEvent(new Event("input"));
  }
}

const quote = text => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
